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

}  // namespace

Deferred<http::ServerResponse> ControlSite::weigh(http::ServerRequest& request) {
  std::string id = instance_of(request);
  auto weight = parse_integer<std::uint32_t>(request.query("weight"), 0, catalog::weight_max);
  if (!weight.ok()) {
    co_return http::ServerResponse::problem(
        400, "weight is from 0 to " + std::to_string(catalog::weight_max));
  }
  if (auto done = alone_.weigh(id, *weight); !done.ok()) co_return refused(done.error());
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("weight", std::uint64_t{*weight});
  out.add_member("in_flight", co_await alone_.in_flight(id));
  co_return http::ServerResponse::json_value(out);
}

Deferred<http::ServerResponse> ControlSite::eject(http::ServerRequest& request) {
  std::string id = instance_of(request);
  Duration time = parse_duration(request.query("for")).value_or(eject_time);
  if (time <= Duration(0) || time > eject_time_max)
    co_return http::ServerResponse::problem(400,
                                            "for is from 1ns to " + write_duration(eject_time_max));
  if (auto done = alone_.eject(id, time); !done.ok()) co_return refused(done.error());
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("for", write_duration(time));
  out.add_member("in_flight", co_await alone_.in_flight(id));
  co_return http::ServerResponse::json_value(out);
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

}  // namespace berth::proxy
