#include "console/api.h"

#include <fmt/format.h>

#include "async/clock.h"
#include "base/strings.h"
#include "bus/bus_routes.h"
#include "console/change_routes.h"
#include "console/chart_query.h"
#include "console/lookup.h"
#include "console/metrics.h"
#include "console/page.h"
#include "console/series_view.h"
#include "http/event_stream.h"
#include "http/url.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;

/// An answer that is there at once, or the problem.
Deferred<ServerResponse> at_once(Result<std::string> json) {
  if (!json.ok()) return ready(ServerResponse::problem(json.error()));
  return ready(ServerResponse::json(std::move(*json)));
}

Result<std::size_t> lines_wanted(const ServerRequest& request) {
  std::string text = request.query("lines");
  if (text.empty()) return log_lines_default;
  auto lines = parse_integer<std::size_t>(text, 0, log_lines_max);
  if (lines.ok()) return *lines;
  return Error(Code::invalid, fmt::format("'lines' must be a number from 0 to {}, found '{}'",
                                          log_lines_max, text));
}

}  // namespace

Api::Api(Sources sources, ApiOptions options)
    : sources_(std::move(sources)),
      options_(std::move(options)),
      access_(options_.token, options_.port),
      overview_(sources_),
      view_(sources_, options_, overview_),
      deploys_(sources_, options_),
      dashboards_(sources_.world, sources_.state_folder + "/dashboards"),
      live_(sources_, options_, overview_, view_) {
  add_routes();
  add_series_routes();
  add_log_route();
  add_change_routes(router_, sources_);
  add_dashboard_routes(router_, dashboards_);
  if (sources_.all_series) {
    add_chart_route(router_, sources_, *sources_.all_series, [this] { return overview_.until(); });
  }
  bus::add_bus_routes(router_, sources_.bus, [this] { return sources_.mirror.state().revision; });
}

Api::~Api() = default;

Deferred<ServerResponse> Api::answer(ServerRequest& request) const {
  if (auto refused = access_.refuse(request.head)) return ready(std::move(*refused));
  if (auto entered = access_.enter(request.head)) return ready(std::move(*entered));
  return router_.route(request);
}

void Api::add_routes() {
  auto page = [](ServerRequest& request) { return ready(serve_page(request.head)); };
  router_.add("GET", "/", page);
  router_.add("GET", "/assets/:file", page);
  router_.add("GET", "/v1/health",
              [](ServerRequest&) { return ready(ServerResponse::json("{\"ok\":true}")); });
  router_.add("GET", "/v1/state", [this](ServerRequest&) { return at_once(view_.state()); });
  router_.add("GET", "/v1/live", [this](ServerRequest& request) { return ready(live(request)); });
  router_.add("GET", "/v1/services/:name", [this](ServerRequest& request) {
    auto name = request.parameter("name");
    auto found = view_.service(name);
    if (!found) return at_once(no_such_service(sources_.mirror.state(), name));
    return at_once(std::move(*found));
  });
  router_.add("GET", "/v1/resolve/:name", [this](ServerRequest& request) {
    return at_once(resolve_json(sources_, request.parameter("name")));
  });
  router_.add("POST", "/v1/plan",
              [this](ServerRequest& request) { return deploys_.plan(request); });
  router_.add("POST", "/v1/deploy",
              [this](ServerRequest& request) { return deploys_.deploy(request); });
  router_.add("GET", "/metrics", [this](ServerRequest&) {
    auto text = metrics_text(sources_, options_, overview_,
                             {live_.readers(), *log_followers_, deploys_.watched()});
    return ready(ServerResponse{200,
                                {{"content-type", "text/plain; version=0.0.4; charset=utf-8"},
                                 {"cache-control", "no-store"}},
                                http::Body(std::move(text))});
  });
}

Deferred<ServerResponse> Api::series(ServerRequest& request) {
  std::int64_t now = sources_.world.clock.wall().nanoseconds / 1'000'000'000;
  auto wanted = co_await or_return(series_request(request.head.query(), now));
  auto json = co_await series_json(sources_, std::move(wanted), overview_.until());
  co_return ServerResponse::json(std::move(json));
}

void Api::add_series_routes() {
  router_.add("GET", "/v1/series", [this](ServerRequest& request) { return series(request); });
  router_.add("GET", "/v1/series/names",
              [this](ServerRequest&) { return at_once(series_names_json(sources_)); });
}

ServerResponse Api::live(const ServerRequest& request) {
  auto stream = live_.open(request.query("service"));
  if (!stream.ok()) return ServerResponse::problem(stream.error());
  return http::event_stream(std::move(*stream));
}

void Api::add_log_route() {
  router_.add("GET", "/v1/services/:name/logs",
              [this](ServerRequest& request) { return logs(request); });
}

Deferred<ServerResponse> Api::logs(ServerRequest& request) {
  std::string name(request.parameter("name"));
  std::string instance = request.query("instance");
  std::size_t lines = co_await or_return(lines_wanted(request));
  std::ignore = co_await or_return(find_service(sources_.mirror.state(), name));
  if (!instance.empty() && !instance.starts_with(name + "/")) {
    co_return Error(Code::not_found,
                    fmt::format("there is no instance '{}' of {}", instance, name));
  }
  std::string follow = request.query("follow");
  if (follow.empty() || follow == "0") {
    auto found = co_await runtime::last_log_lines(sources_.world, sources_.state_folder, name,
                                                  instance, lines);
    co_return ServerResponse::json(log_lines_json(found));
  }
  if (*log_followers_ >= options_.log_followers_max) {
    co_return Error(Code::overloaded, fmt::format("{} logs are followed already; close one",
                                                  options_.log_followers_max));
  }
  auto tail =
      std::make_unique<runtime::LogTail>(sources_.world, sources_.state_folder, name, instance);
  co_await tail->begin_with_last(lines);
  co_return http::event_stream(
      std::make_unique<LogStream>(sources_.world.clock, std::move(tail), log_followers_));
}

}  // namespace berth::console
