#include "proxy/metrics.h"

#include <fmt/format.h>

#include <functional>

#include "base/exposition.h"

namespace berth::proxy {
namespace {

constexpr std::string_view code_names[] = {"1xx", "2xx", "3xx", "4xx", "5xx", "other"};

/// A count of each Tally.
struct Counter {
  std::string_view name;
  std::string_view help;
  std::uint64_t Tally::* value;
};
constexpr Counter counters[] = {
    {"http_requests_total", "Requests.", &Tally::requests},
    {"bytes_in_total", "Bytes from clients.", &Tally::bytes_in},
    {"bytes_out_total", "Bytes to clients.", &Tally::bytes_out},
    {"requests_denied_total", "Requests refused for a reason of access.", &Tally::denied},
    {"request_errors_total", "Requests that could not be read.", &Tally::request_errors},
    {"connection_errors_total", "Connections to instances that failed.", &Tally::connection_errors},
    {"response_errors_total", "Answers that were none.", &Tally::response_errors},
    {"client_aborts_total", "Requests that the client broke off.", &Tally::client_aborts},
    {"server_aborts_total", "Answers that the instance broke off.", &Tally::server_aborts},
    {"retry_warnings_total", "Attempts after the first.", &Tally::retries},
};
struct Average {
  std::string_view name;
  std::string_view help;
  double Tally::* value;
};
constexpr Average averages[] = {
    {"queue_time_average_seconds", "Waiting in queues, over the last 1024.", &Tally::queue_time},
    {"connect_time_average_seconds", "Connecting, over the last 1024.", &Tally::connect_time},
    {"response_time_average_seconds", "Until the answer, over the last 1024.",
     &Tally::response_time},
    {"total_time_average_seconds", "Whole requests, over the last 1024.", &Tally::total_time},
};

std::string proxy_label(std::string_view name) {
  return "proxy=\"" + Exposition::escaped(name) + "\"";
}
/// "orders/1" is of the backend "orders".
std::string server_label(std::string_view id) {
  return proxy_label(id.substr(0, id.rfind('/'))) + ",server=\"" + Exposition::escaped(id) + "\"";
}

std::string route_label(std::string_view name) {
  return "route=\"" + Exposition::escaped(name) + "\"";
}

bool is_of(std::string_view family, std::string_view counter) {
  if (counter == "requests_denied_total" && family == "route") return true;
  if (counter == "request_errors_total" || counter == "requests_denied_total") {
    return family == "frontend";
  }
  bool behind = counter == "connection_errors_total" || counter == "response_errors_total" ||
                counter == "retry_warnings_total" || counter == "client_aborts_total" ||
                counter == "server_aborts_total";
  return !behind || (family != "frontend" && family != "route");
}

void tallies(Exposition& page, const std::string& family, const Counts::Tallies& all,
             const std::function<std::string(std::string_view)>& labels) {
  // HAProxy knows no routes.
  std::string prefix = family == "route" ? "berth_proxy_route" : "haproxy_" + family;
  for (auto& counter : counters) {
    if (!is_of(family, counter.name)) continue;
    page.family(fmt::format("{}_{}", prefix, counter.name), "counter", counter.help);
    for (auto& [name, tally] : all) page.sample_of(labels(name), tally.*counter.value);
  }
  page.family(fmt::format("{}_http_responses_total", prefix), "counter",
              "Answers by class of status.");
  for (auto& [name, tally] : all) {
    for (std::size_t i = 0; i < std::size(code_names); ++i) {
      page.sample_of(labels(name) + ",code=\"" + std::string(code_names[i]) + "\"",
                     tally.responses[i]);
    }
  }
  if (family == "frontend" || family == "route") return;
  for (auto& each : averages) {
    page.family(fmt::format("{}_{}", prefix, each.name), "gauge", each.help);
    for (auto& [name, tally] : all) page.sample_of(labels(name), tally.*each.value);
  }
}

void process(Exposition& page, const ProxyState& state, Duration uptime) {
  std::uint64_t requests = 0;
  for (auto& [name, tally] : state.counts.frontends) requests += tally.requests;
  page.family("haproxy_process_uptime_seconds", "gauge", "Since the process began.");
  page.sample_of("", seconds_of(uptime));
  page.family("haproxy_process_nbthread", "gauge", "Threads that carry requests.");
  page.sample_of("", state.threads);
  page.family("haproxy_process_max_connections", "gauge", "Beyond, new ones wait.");
  page.sample_of("", state.connections_max);
  page.family("haproxy_process_current_connections", "gauge", "Open now.");
  page.sample_of("", state.connections);
  page.family("haproxy_process_requests_total", "counter", "Requests.");
  page.sample_of("", requests);
  page.family("berth_proxy_entries_refused_total", "counter",
              "Connections that did not get through TLS or the PROXY header.");
  page.sample_of("", state.entries_refused);
}

void listeners(Exposition& page, const ProxyState& state) {
  page.family("haproxy_frontend_status", "gauge", "1 for the state that it is in.");
  for (auto& each : state.fronts) page.sample_of(proxy_label(each.name) + ",state=\"UP\"", 1.0);
  page.family("haproxy_frontend_current_sessions", "gauge", "Connections now.");
  for (auto& each : state.fronts) page.sample_of(proxy_label(each.name), each.connections);
  page.family("haproxy_frontend_connections_total", "counter", "Connections.");
  for (auto& each : state.fronts) page.sample_of(proxy_label(each.name), each.accepted);
}

void services(Exposition& page, const ProxyState& state) {
  using Of = std::function<std::uint64_t(const ProxyState::Service&)>;
  auto family = [&](std::string_view name, std::string_view help, const Of& of) {
    page.family(fmt::format("haproxy_backend_{}", name), "gauge", help);
    for (auto& [name, service] : state.services) page.sample_of(proxy_label(name), of(service));
  };
  family("active_servers", "Instances that get requests.",
         [](auto& service) { return service.in_rotation; });
  family("current_sessions", "Requests now.", [](auto& service) { return service.in_flight; });
  family("current_queue", "Requests that wait for an instance.",
         [](auto& service) { return service.queued; });
  page.family("haproxy_backend_status", "gauge", "1 for the state that it is in.");
  for (auto& [name, service] : state.services) {
    bool up = service.in_rotation > 0;
    page.sample_of(proxy_label(name) + ",state=\"UP\"", up ? 1.0 : 0.0);
    page.sample_of(proxy_label(name) + ",state=\"DOWN\"", up ? 0.0 : 1.0);
  }
}

/// The first two have HAProxy's names.
void caches(Exposition& page, const ProxyState& state) {
  struct Counted {
    std::string_view name;
    std::string_view help;
    std::uint64_t CacheCounts::* value;
  };
  static constexpr Counted all[] = {
      {"haproxy_backend_http_cache_lookups_total", "Requests that a kept answer might serve.",
       &CacheCounts::lookups},
      {"haproxy_backend_http_cache_hits_total", "Answered by what was kept.", &CacheCounts::hits},
      {"berth_proxy_cache_stale_hits_total", "Of these, by stale answers.", &CacheCounts::stale},
      {"berth_proxy_cache_joined_total", "Answered by what another request got.",
       &CacheCounts::joined},
      {"berth_proxy_cache_revalidated_total", "Kept answers that an instance said are good.",
       &CacheCounts::revalidated},
      {"berth_proxy_cache_refreshes_total", "Asked for while a stale one was given.",
       &CacheCounts::refreshes},
      {"berth_proxy_cache_stored_total", "Answers kept.", &CacheCounts::stored},
      {"berth_proxy_cache_too_large_total", "Not kept: above entry_bytes_max.",
       &CacheCounts::too_large},
      {"berth_proxy_cache_no_room_total", "Not kept: too much was being read, or too many tags.",
       &CacheCounts::no_room},
      {"berth_proxy_cache_evicted_total", "Gone for room.", &CacheCounts::evicted},
      {"berth_proxy_cache_invalidated_total", "Gone because a request changed it.",
       &CacheCounts::invalidated},
      {"berth_proxy_cache_purged_total", "Gone because somebody said so.", &CacheCounts::purged},
  };
  auto each = [&](auto&& take) {
    for (auto& [name, service] : state.services) {
      if (service.cache) take(proxy_label(name), *service.cache);
    }
  };
  for (auto& counter : all) {
    page.family(counter.name, "counter", counter.help);
    each([&](auto label, auto& cache) { page.sample_of(label, cache.counts.*counter.value); });
  }
  page.family("berth_proxy_cache_entries", "gauge", "Answers that are kept.");
  each([&](auto label, auto& cache) { page.sample_of(label, cache.entries); });
  page.family("berth_proxy_cache_bytes", "gauge", "What they take.");
  each([&](auto label, auto& cache) { page.sample_of(label, cache.bytes); });
}

void hedges(Exposition& page, const ProxyState& state) {
  using Of = std::function<std::uint64_t(const Hedges&)>;
  auto family = [&](std::string_view name, std::string_view help, const Of& of) {
    page.family(name, "counter", help);
    for (auto& [name, service] : state.services)
      page.sample_of(proxy_label(name), of(service.hedges));
  };
  family("berth_proxy_hedges_total", "Second attempts beside a slow first.",
         [](auto& hedges) { return hedges.sent; });
  family("berth_proxy_hedges_won_total", "Of these, those that answered first.",
         [](auto& hedges) { return hedges.won; });
  family("berth_proxy_hedges_refused_total", "Not made: the budget of retries was spent.",
         [](auto& hedges) { return hedges.refused; });
}

/// HAProxy's states: of a drain it says DRAIN, of what an operator has taken out MAINT; what rests
/// after failures is up there, and has a metric of its own here.
std::string_view state_of(const catalog::Instance& instance) {
  switch (instance.health) {
    case catalog::Health::healthy:
      return "UP";
    case catalog::Health::draining:
      return "DRAIN";
    case catalog::Health::starting:
    case catalog::Health::unhealthy:
      return "DOWN";
  }
  return "DOWN";
}

void instances(Exposition& page, const ProxyState& state) {
  page.family("haproxy_server_status", "gauge", "1 for the state that it is in.");
  for (auto& [name, service] : state.services) {
    for (auto& instance : service.service->instances) {
      for (std::string_view word : {"UP", "DOWN", "DRAIN"}) {
        page.sample_of(server_label(instance.id) + ",state=\"" + std::string(word) + "\"",
                       word == state_of(instance) ? 1.0 : 0.0);
      }
    }
  }
  page.family("haproxy_server_current_sessions", "gauge", "Requests now.");
  for (auto& [name, service] : state.services) {
    for (auto& [id, each] : service.instances) page.sample_of(server_label(id), each.in_flight);
  }
  page.family("berth_proxy_server_resting", "gauge", "1 while it rests after failures.");
  for (auto& [name, service] : state.services) {
    for (auto& [id, each] : service.instances) {
      page.sample_of(server_label(id), each.resting ? 1.0 : 0.0);
    }
  }
}

void times(Exposition& page, std::string_view family, std::string_view help,
           const Counts::Times& all, const std::function<std::string(std::string_view)>& labels) {
  static constexpr double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,  0.5,    1,     2.5,  5,     10};
  page.family(family, "histogram", help);
  for (auto& [name, histogram] : all) {
    std::string of = labels(name);
    for (double bound : bounds) {
      auto most = histogram.count_up_to(static_cast<std::uint64_t>(bound * 1e9));
      page.more(fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", family, of, bound, most));
    }
    page.more(
        fmt::format("{0}_bucket{{{1},le=\"+Inf\"}} {2}\n{0}_sum{{{1}}} {3}\n{0}_count{{{1}}} {2}\n",
                    family, of, histogram.count(), static_cast<double>(histogram.sum()) / 1e9));
  }
}

}  // namespace

std::string metrics_text(const ProxyState& state, Duration uptime) {
  Exposition page;
  auto& counts = state.counts;
  process(page, state, uptime);
  listeners(page, state);
  tallies(page, "frontend", counts.frontends, proxy_label);
  services(page, state);
  tallies(page, "backend", counts.backends, proxy_label);
  caches(page, state);
  hedges(page, state);
  instances(page, state);
  tallies(page, "server", counts.servers, server_label);
  tallies(page, "route", counts.routes, route_label);
  times(page, "berth_proxy_request_seconds", "Whole requests.", counts.times, proxy_label);
  times(page, "berth_proxy_route_request_seconds", "Whole requests.", counts.route_times,
        route_label);
  return page.take();
}

}  // namespace berth::proxy
