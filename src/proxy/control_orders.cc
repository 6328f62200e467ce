#include <algorithm>

#include "async/clock.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/timestamp.h"
#include "base/units.h"
#include "proxy/control_site.h"

// What an operator tells a proxy alone: weights, rests, purges; and the requests that were kept for
// him.

namespace berth::proxy {
namespace {

std::string instance_of(const http::ServerRequest& request) {
  return std::string(request.parameter("service")) + "/" + std::string(request.parameter("number"));
}

http::ServerResponse refused(const Error& error) {
  return http::ServerResponse::problem(error.is(Code::not_found) ? 404 : 409, error.text());
}

double milliseconds(std::int64_t nanoseconds) {
  return nanoseconds < 0 ? -1 : static_cast<double>(nanoseconds / 1000) / 1000;
}

Json shown(const Remarkable::Request& request) {
  Json one = Json::object();
  one.add_member("at", write_timestamp(WallTime{request.accepted}, 3));
  one.add_member("client", request.client);
  one.add_member("listener", request.frontend);
  one.add_member("service", request.backend);
  one.add_member("instance", request.server);
  one.add_member("caller", request.caller);
  one.add_member("method", request.method);
  one.add_member("target", request.target);
  one.add_member("status", std::uint64_t{request.status});
  one.add_member("termination",
                 std::string(request.termination.data(), request.termination.size()));
  one.add_member("retries", std::uint64_t{request.retries});
  one.add_member("bytes_in", request.bytes_in);
  one.add_member("bytes_out", request.bytes_out);
  Json times = Json::object();  // in milliseconds; -1: not reached
  times.add_member("request", milliseconds(request.request));
  times.add_member("queue", milliseconds(request.waiting));
  times.add_member("connect", milliseconds(request.connecting));
  times.add_member("response", milliseconds(request.response));
  times.add_member("total", milliseconds(request.total));
  one.add_member("ms", std::move(times));
  for (auto [name, text] : {std::pair("asked", &request.asked), {"answered", &request.answered}}) {
    Json lines = Json::array();
    for (auto line : split(*text, '\n')) {
      if (!line.empty()) lines.add(std::string(line));
    }
    one.add_member(name, std::move(lines));
  }
  return one;
}

}  // namespace

http::ServerResponse ControlSite::weigh(http::ServerRequest& request) {
  std::string id = instance_of(request);
  auto weight = parse_integer<std::uint32_t>(request.query("weight"), 0, catalog::weight_max);
  if (!weight.ok()) {
    return http::ServerResponse::problem(
        400, "weight is from 0 to " + std::to_string(catalog::weight_max));
  }
  if (auto done = alone_.weigh(id, *weight); !done.ok()) return refused(done.error());
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("weight", std::uint64_t{*weight});
  out.add_member("in_flight", alone_.in_flight(id));
  return http::ServerResponse::json_value(out);
}

http::ServerResponse ControlSite::eject(http::ServerRequest& request) {
  std::string id = instance_of(request);
  Duration time = parse_duration(request.query("for")).value_or(eject_time);
  if (time <= Duration(0) || time > eject_time_max)
    return http::ServerResponse::problem(400,
                                         "for is from 1ns to " + write_duration(eject_time_max));
  if (auto done = alone_.eject(id, time); !done.ok()) return refused(done.error());
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("for", write_duration(time));
  out.add_member("in_flight", alone_.in_flight(id));
  return http::ServerResponse::json_value(out);
}

http::ServerResponse ControlSite::certificates() const {
  Json out = Json::object();
  out.add_member("certificates", alone_.certificates().json());
  return http::ServerResponse::json_value(out);
}

http::ServerResponse ControlSite::renew(http::ServerRequest& request) {
  auto renewed = alone_.certificates().renew(request.parameter("name"));
  if (!renewed.ok()) return refused(renewed.error());
  return http::ServerResponse::json_value(Json::object(), 202);
}

/// ?service=users&tag=a&target=/x (with "*" at its end: all that begin so); without any, all. All
/// that is said must fit.
http::ServerResponse ControlSite::purge(http::ServerRequest& request) {
  std::string service = request.query("service");
  std::string tag = request.query("tag");
  std::string target = request.query("target");
  bool begins = target.ends_with('*');
  if (begins) target.pop_back();
  if (!service.empty() && !alone_.proxy().pools().contains(service))
    return http::ServerResponse::problem(404, "there is no service " + service);
  auto takes = [&](const CachedAnswer& answer) {
    bool tagged = tag.empty() || std::ranges::find(answer.tags, tag_hash(tag)) != answer.tags.end();
    std::string_view at = answer.target;
    bool there = (target.empty() && !begins) || (begins ? at.starts_with(target) : at == target);
    return tagged && there;
  };
  std::uint64_t gone = 0;
  for (auto& [name, pool] : alone_.proxy().pools()) {
    if (service.empty() || name == service) gone += pool->cache().purge(takes);
  }
  Json out = Json::object();
  out.add_member("purged", gone);
  return http::ServerResponse::json_value(out);
}

http::ServerResponse ControlSite::slow(http::ServerRequest& request) const {
  auto count = parse_integer<std::size_t>(request.query("minutes"), 1);
  std::size_t most = count.ok() ? *count : Remarkable::minutes_max;
  Json minutes = Json::array();
  for (auto* minute : std::as_const(alone_.proxy()).remarkable().minutes()) {
    if (most-- == 0) break;
    Json one = Json::object();
    one.add_member("minute", write_timestamp(WallTime{minute->begins}, 0));
    one.add_member("requests", minute->requests);
    one.add_member("failures", minute->failures);
    std::vector<const Remarkable::Request*> slowest;
    for (std::size_t i = 0; i < minute->slowest_count; ++i) slowest.push_back(&minute->slowest[i]);
    std::ranges::sort(slowest, std::greater(), [](auto* each) { return each->total; });
    Json list = Json::array();
    for (auto* each : slowest) list.add(shown(*each));
    one.add_member("slowest", std::move(list));
    Json failed = Json::array();
    for (std::size_t i = 0; i < minute->failed_count; ++i) failed.add(shown(minute->failed[i]));
    one.add_member("failed", std::move(failed));
    minutes.add(std::move(one));
  }
  Json out = Json::object();
  out.add_member("minutes", std::move(minutes));
  return http::ServerResponse::json_value(out);
}

}  // namespace berth::proxy
