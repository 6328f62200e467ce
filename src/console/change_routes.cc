#include "console/change_routes.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "console/lookup.h"
#include "console/request_body.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;

constexpr std::size_t body_bytes_max = 16 << 10;
constexpr std::int64_t instances_max = 1000;  // of one service

std::string name_of(const ServerRequest& request) { return std::string(request.parameter("name")); }

Deferred<ServerResponse> rollback(const Sources& sources, ServerRequest& request) {
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  std::string name = name_of(request);
  std::uint64_t to = 0;
  if (body.json.find("to")) {
    auto wanted = body.json["to"].unsigned_integer();
    if (!wanted || *wanted == 0) {
      co_return Error(Code::invalid, "'to' must be the number of a version");
    }
    to = *wanted;
  }
  auto* desired = co_await or_return(find_service(sources.mirror.state(), name));
  std::uint64_t target = to != 0 ? to : desired->return_to();
  auto revision = co_await sources.changes.rollback(name, to);
  std::string text = target == 0 ? fmt::format("{} goes back", name)
                                 : fmt::format("{} goes back to version {}", name, target);
  co_return changed_answer(revision, text);
}

Deferred<ServerResponse> scale(const Sources& sources, ServerRequest& request) {
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  std::string name = name_of(request);
  auto instances = body.json["instances"].integer();
  if (!instances || *instances < 0 || *instances > instances_max) {
    co_return Error(Code::invalid,
                    fmt::format("'instances' must be a number from 0 to {}", instances_max));
  }
  std::ignore = co_await or_return(find_service(sources.mirror.state(), name));
  auto revision = co_await sources.changes.scale(name, static_cast<std::uint32_t>(*instances));
  std::string text = *instances == 0   ? fmt::format("{} is to stop", name)
                     : *instances == 1 ? fmt::format("{} is to run 1 instance", name)
                                       : fmt::format("{} is to run {} instances", name, *instances);
  co_return changed_answer(revision, text);
}

Deferred<ServerResponse> restart(const Sources& sources, ServerRequest& request) {
  std::string name = name_of(request);
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  std::ignore = co_await or_return(find_service(sources.mirror.state(), name));
  auto revision = co_await sources.changes.restart(name);
  co_return changed_answer(revision, fmt::format("each instance of {} is replaced", name));
}

Deferred<ServerResponse> remove(const Sources& sources, ServerRequest& request) {
  std::string name = name_of(request);
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  std::ignore = co_await or_return(find_service(sources.mirror.state(), name));
  auto revision = co_await sources.changes.remove(name);
  co_return changed_answer(revision, fmt::format("{} is drained, stopped and forgotten", name));
}

Deferred<ServerResponse> kill(const Sources& sources, ServerRequest& request) {
  std::string id = name_of(request) + "/" + std::string(request.parameter("number"));
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  co_await or_return(sources.kill(id));
  co_return changed_answer(sources.mirror.state().revision, fmt::format("{} was sent KILL", id));
}

}  // namespace

ServerResponse changed_answer(std::uint64_t revision, std::string_view text) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().member("revision", revision).member("text", text).end_object();
  return ServerResponse::json(std::move(json), 202);
}

void add_change_routes(http::Router& router, const Sources& sources) {
  using Route = Deferred<ServerResponse> (*)(const Sources&, ServerRequest&);
  auto add = [&](std::string_view pattern, Route route) {
    router.add("POST", pattern,
               [&sources, route](ServerRequest& request) { return route(sources, request); });
  };
  add("/v1/services/:name/rollback", rollback);
  add("/v1/services/:name/scale", scale);
  add("/v1/services/:name/restart", restart);
  add("/v1/services/:name/rm", remove);
  add("/v1/instances/:name/:number/kill", kill);
}

}  // namespace berth::console
