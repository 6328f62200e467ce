#include "observe/alerts/alert_routes.h"

#include "base/strings.h"
#include "base/units.h"

namespace berth::observe {
namespace {

using http::ServerRequest;
using http::ServerResponse;

Deferred<ServerResponse> history(Alerts& alerts, ServerRequest& request) {
  std::string limit = request.query("limit");
  std::size_t most = 100;
  if (!limit.empty()) {
    auto read = parse_integer<std::size_t>(limit, 1, Alerts::history_shown_max);
    if (!read.ok()) co_return ServerResponse::problem(read.error());
    most = *read;
  }
  Json lines = co_await alerts.history(most);
  Json out = Json::object();
  out.add_member("history", std::move(lines));
  co_return ServerResponse::json_value(out);
}

Deferred<ServerResponse> silence(Alerts& alerts, Clock& clock, ServerRequest& request) {
  Json body = co_await request.json();
  Silence silence;
  silence.matchers = co_await or_return(body.string_at("matchers"));
  std::string length = co_await or_return(body.string_at("for"));
  Duration lasts = co_await or_return(parse_duration(length));
  silence.starts = clock.wall();
  silence.ends = silence.starts + lasts;
  silence.by = body["by"].string_or("");
  silence.comment = body["comment"].string_or("");
  std::string id = co_await alerts.silence(std::move(silence));
  Json out = Json::object();
  out.add_member("id", id);
  co_return ServerResponse::json_value(out, 201);
}

Deferred<ServerResponse> end_silence(Alerts& alerts, ServerRequest& request) {
  std::string id(request.parameter("id"));
  co_await alerts.end_silence(id);
  co_return ServerResponse::json_value(Json::object());
}

Deferred<ServerResponse> annotate(Alerts& alerts, ServerRequest& request) {
  Json body = co_await request.json();
  Event event;
  event.service = co_await or_return(body.string_at("service"));
  event.description = body["description"].string_or("");
  event.host = body["host"].string_or("");
  event.time = {};
  co_await alerts.annotate(std::move(event));
  co_return ServerResponse::json_value(Json::object(), 201);
}

/// The problem for what went wrong. Another file may replace the alerts meanwhile.
Deferred<ServerResponse> told(std::shared_ptr<Alerts>, Deferred<ServerResponse> work) {
  auto answer = co_await std::move(work).result();
  if (answer.ok()) co_return std::move(*answer);
  if (answer.error().is(Code::cancelled)) co_return std::move(answer).error();
  co_return ServerResponse::problem(answer.error());
}

}  // namespace

void add_alert_routes(http::Router& router, std::function<std::shared_ptr<Alerts>()> alerts,
                      Clock& clock) {
  auto add = [&](const char* method, const char* path, auto handler) {
    router.add(method, path, [alerts, handler](ServerRequest& request) -> Deferred<ServerResponse> {
      std::shared_ptr<Alerts> running = alerts();
      if (!running) {
        return ready(ServerResponse::problem(503, "alerts do not run; the log says why"));
      }
      return told(running, handler(*running, request));
    });
  };
  add("GET", "/v1/alerts", [](Alerts& running, ServerRequest&) {
    return ready(ServerResponse::json_value(running.json()));
  });
  add("GET", "/v1/alerts/history",
      [](Alerts& running, ServerRequest& request) { return history(running, request); });
  add("POST", "/v1/alerts/silences", [&clock](Alerts& running, ServerRequest& request) {
    return silence(running, clock, request);
  });
  add("DELETE", "/v1/alerts/silences/:id",
      [](Alerts& running, ServerRequest& request) { return end_silence(running, request); });
  add("POST", "/v1/alerts/annotations",
      [](Alerts& running, ServerRequest& request) { return annotate(running, request); });
}

}  // namespace berth::observe
