#include "console/state_view.h"

#include <set>

#include "async/clock.h"
#include "bus/bus_routes.h"
#include "console/service_view.h"

namespace berth::console {

std::string StateView::state() const {
  std::string text;
  JsonWriter out(text);
  auto& services = overview_.look();
  Shown shown{sources_, options_, overview_};
  auto& state = sources_.mirror.state();
  out.begin_object();
  out.member("revision", state.revision);
  out.member("time", milliseconds(sources_.world.clock.wall()));
  out.key("system").begin_object();
  out.member("name", state.system.name).member("environment", state.system.environment);
  out.member("version", options_.version).end_object();
  write(out.key("sentence"), overview_.sentence());
  write_addresses(out);
  out.key("services").begin_array();
  for (auto& service : services) {
    out.begin_object();
    write_service(out, shown, service);
    out.end_object();
  }
  out.end_array();
  write_calls(out);
  write_feed(out);
  write_topics(out);
  out.end_object();
  return text;
}

std::optional<std::string> StateView::service(std::string_view name) const {
  Shown shown{sources_, options_, overview_};
  for (auto& service : overview_.look()) {
    if (service.desired->name != name) continue;
    std::string text;
    JsonWriter out(text);
    out.begin_object();
    write_service(out, shown, service);
    write_detail(out, shown, *service.desired);
    out.end_object();
    return text;
  }
  return std::nullopt;
}

void StateView::write_addresses(JsonWriter& out) const {
  Shown shown{sources_, options_, overview_};
  auto write_one = [&](const std::string& name, const std::string& url) {
    out.begin_object().member("name", name).member("url", url).end_object();
  };
  out.key("addresses").begin_array();
  std::set<std::string> labels;
  for (auto& [name, desired] : sources_.mirror.state().services) {
    for (auto& route : desired.spec().routes) labels.insert(route.label);
  }
  for (auto& label : labels) write_one(label, public_url(shown, {label, "/"}));
  for (auto& address : sources_.addresses()) write_one(address.name, address.url);
  out.end_array();
}

void StateView::write_calls(JsonWriter& out) const {
  out.key("calls").begin_array();
  for (auto& call : overview_.calls()) {
    if (!sources_.mirror.state().services.contains(call.to)) continue;  // removed meanwhile
    out.begin_object();
    out.member("from", call.from).member("to", call.to);
    out.member("requests_per_second", call.requests_per_second);
    out.member("errors_share", call.errors_share);
    write_number(out, "median_seconds", call.median_seconds);
    out.end_object();
  }
  out.end_array();
}

void StateView::write_feed(JsonWriter& out) const {
  auto& feed = sources_.mirror.state().feed;
  std::size_t count = 0;
  out.key("feed").begin_array();
  for (auto each = feed.rbegin(); each != feed.rend() && count < feed_max; ++each, ++count) {
    auto& entry = each->second;
    out.begin_object();
    out.member("id", entry.id).member("time", milliseconds(entry.time));
    out.member("kind", entry.kind).member("level", entry.level);
    out.member("service", entry.service).member("text", entry.text);
    if (entry.version != 0) out.member("version", entry.version);
    if (!entry.instance.empty()) out.member("instance", entry.instance);
    out.end_object();
  }
  out.end_array();
}

void StateView::write_topics(JsonWriter& out) const {
  out.key("topics").begin_array();
  for (auto& topic : sources_.bus.topics()) bus::write_topic(out, topic);
  out.end_array();
}

}  // namespace berth::console
