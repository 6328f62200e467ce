#include "console/metrics.h"

#include "base/exposition.h"

namespace berth::console {
namespace {

void add_services(Exposition& out, const Sources& sources, Overview& overview) {
  out.family("berth_requests_total", "counter", "Requests to a service by status; 0: no answer.");
  for (auto& [service, sums] : sources.observer.sums()) {
    for (auto& [status, sum] : sums) {
      out.sample(sum, {{"service", service}, {"status", std::to_string(status)}});
    }
  }
  auto& services = overview.look();
  out.family("berth_instances_wanted", "gauge", "Instances that a service is to run.");
  for (auto& service : services) {
    out.sample(service.condition.wanted, {{"service", service.desired->name}});
  }
  out.family("berth_instances_healthy", "gauge", "Instances of a service that are healthy.");
  for (auto& service : services) {
    out.sample(service.condition.healthy, {{"service", service.desired->name}});
  }
}

void add_topics(Exposition& out, const bus::Bus& bus) {
  auto topics = bus.topics();
  out.family("berth_messages_published_total", "counter", "Messages acknowledged to publishers.");
  for (auto& topic : topics) out.sample(topic.published, {{"topic", topic.name}});
  auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                  std::uint64_t bus::SubscriptionState::* member) {
    out.family(name, type, help);
    for (auto& topic : topics) {
      for (auto& subscription : topic.subscriptions) {
        out.sample(subscription.*member,
                   {{"topic", topic.name}, {"service", subscription.service}});
      }
    }
  };
  using State = bus::SubscriptionState;
  each("berth_messages_backlog", "gauge", "Messages neither acknowledged nor dead.",
       &State::backlog);
  each("berth_messages_delivered_total", "counter", "Messages acknowledged by subscribers.",
       &State::delivered);
  each("berth_messages_retried_total", "counter", "Deliveries that were repeated.",
       &State::retried);
  each("berth_messages_dead", "gauge", "Dead letters.", &State::dead);
}

void add_syslog(Exposition& out, const observe::SyslogCounters& syslog) {
  out.one("berth_syslog_messages_total", "counter", "Syslog messages received.", syslog.messages);
  out.family("berth_syslog_faulty_messages_total", "counter",
             "Syslog messages that were taken although something was wrong with them.");
  out.sample(syslog.cut, {{"fault", "too_long"}});
  out.sample(syslog.repaired, {{"fault", "not_utf8"}});
  out.sample(syslog.wrong_clocks, {{"fault", "wrong_clock"}});
  out.sample(syslog.without_priority, {{"fault", "no_priority"}});
}

void add_lines(Exposition& out, const observe::LogCounters& lines) {
  out.one("berth_log_lines_total", "counter", "Log lines taken.", lines.lines);
  out.family("berth_log_lines_lost_total", "counter",
             "Log lines that are gone before their time, or not as they came.");
  out.sample(lines.dropped, {{"why", "disk_refused"}});
  out.sample(lines.unlogged, {{"why", "in_memory_only"}});
  out.sample(lines.cut, {{"why", "too_long"}});
  out.one("berth_log_lines_removed_total", "counter", "Log lines that made room for newer ones.",
          lines.lines_removed);
  out.one("berth_log_blocks_damaged_total", "counter", "Blocks of log lines that cannot be read.",
          lines.blocks_damaged);
}

}  // namespace

std::string metrics_text(const Sources& sources, const ApiOptions& options, Overview& overview,
                         const ConsoleCounters& console) {
  Exposition out;
  out.family("berth_build_info", "gauge", "The version that runs.");
  out.sample(1, {{"version", options.version}});
  out.one("berth_control_revision", "gauge", "Revision of the control state.",
          sources.mirror.state().revision);
  add_services(out, sources, overview);
  ProgramCounters program = sources.counters();
  out.one("berth_access_records_total", "counter", "Access records read from the ring.",
          program.access_records);
  out.one("berth_access_records_dropped_total", "counter",
          "Access records that found the ring full.", program.access_records_dropped);
  add_syslog(out, program.syslog);
  add_lines(out, program.lines);
  out.one("berth_series", "gauge", "Series in memory.", sources.series.size());
  out.one("berth_series_refused_total", "counter", "New series refused because of the limit.",
          sources.series.refused());
  add_topics(out, sources.bus);
  out.one("berth_api_connections", "gauge", "Open connections of the API.", program.connections);
  out.one("berth_api_live_readers", "gauge", "Open live streams.", console.live_readers);
  out.one("berth_api_log_followers", "gauge", "Open log streams.", console.log_followers);
  out.one("berth_api_deploys", "gauge", "Deploys that are watched.", console.deploys);
  return out.take();
}

}  // namespace berth::console
