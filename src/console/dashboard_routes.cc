#include <fmt/format.h>

#include "console/dashboards.h"
#include "console/request_body.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;

constexpr std::size_t body_bytes_max = 2 * Dashboard::text_bytes_max;  // its text, escaped

void write_problems(JsonWriter& out, const TomlErrors& errors) {
  out.begin_array();
  for (auto& problem : errors.problems()) {
    out.begin_object().member("file", *problem.place.file).member("line", problem.place.line);
    out.member("column", problem.place.column).member("text", problem.text);
    if (!problem.expected.empty()) out.member("expected", problem.expected);
    if (!problem.nearest.empty()) out.member("nearest", problem.nearest);
    out.end_object();
  }
  out.end_array();
}

ServerResponse refusal(const TomlErrors& errors) {
  std::string text;
  JsonWriter out(text);
  std::string detail = errors.problems().front().line();
  if (errors.count() > 1) detail += fmt::format(" (and {} more)", errors.count() - 1);
  out.begin_object();
  out.member("type", "about:blank").member("title", http::reason_of(422)).member("status", 422);
  out.member("detail", detail);
  write_problems(out.key("problems"), errors);
  out.end_object();
  return {422,
          {{"content-type", "application/problem+json"}, {"cache-control", "no-store"}},
          http::Body(std::move(text))};
}

std::string file_name(const std::string& name) { return name + ".toml"; }

std::string list_json(const std::vector<DashboardFile>& files) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("dashboards").begin_array();
  for (auto& file : files) {
    TomlErrors errors;
    Dashboard dashboard = read_dashboard(file.text, file_name(file.name), errors);
    out.begin_object().member("name", file.name).member("title", dashboard.title);
    out.member("revision", file.revision).member("built_in", file.revision.empty());
    out.member("panels", dashboard.panels.size());
    if (errors.any()) out.member("problem", errors.problems().front().line());
    out.end_object();
  }
  out.end_array().end_object();
  return text;
}

std::string one_json(const DashboardFile& file) {
  TomlErrors errors;
  Dashboard dashboard = read_dashboard(file.text, file_name(file.name), errors);
  std::string text;
  JsonWriter out(text);
  out.begin_object().member("name", file.name).member("revision", file.revision);
  out.member("built_in", file.revision.empty()).member("toml", file.text);
  if (errors.any()) {
    write_problems(out.key("problems"), errors);
  } else {
    write_dashboard(out.key("dashboard"), dashboard);
  }
  out.end_object();
  return text;
}

Deferred<ServerResponse> list(Dashboards& dashboards) {
  auto files = co_await dashboards.all();
  co_return ServerResponse::json(list_json(files));
}

Deferred<ServerResponse> get(Dashboards& dashboards, ServerRequest& request) {
  std::string name(request.parameter("name"));
  auto file = co_await dashboards.get(std::move(name));
  co_return ServerResponse::json(one_json(file));
}

Deferred<ServerResponse> put(Dashboards& dashboards, ServerRequest& request) {
  std::string name(request.parameter("name"));
  JsonBody body = co_await read_json_body(request, body_bytes_max);
  if (body.refused) co_return std::move(*body.refused);
  if (!is_dashboard_name(name)) {
    co_return Error(Code::invalid,
                    "a dashboard's name is 1 to 64 of a-z, 0-9, '-', '_' and '.', and begins "
                    "with a letter or digit, found '" +
                        name + "'");
  }
  std::string text = co_await or_return(body.json.string_at("toml"));
  std::string revision = co_await or_return(body.json.string_at("revision"));
  if (text.size() > Dashboard::text_bytes_max) {
    co_return ServerResponse::problem(413, "a dashboard has at most 256 KiB");
  }
  TomlErrors errors;
  std::ignore = read_dashboard(text, file_name(name), errors);
  if (errors.any()) co_return refusal(errors);
  bool created = revision.empty();
  std::string next = co_await dashboards.put(name, std::move(text), std::move(revision));
  std::string json;
  JsonWriter out(json);
  out.begin_object().member("revision", next).member("text", name + " is kept").end_object();
  co_return ServerResponse::json(std::move(json), created ? 201 : 200);
}

Deferred<ServerResponse> remove(Dashboards& dashboards, ServerRequest& request) {
  std::string name(request.parameter("name"));
  std::string revision = request.query("revision");
  co_await dashboards.remove(name, std::move(revision));
  std::string json;
  JsonWriter out(json);
  std::string text = name + " is removed";
  if (built_in_dashboard(name)) text = name + " is the built-in one again";
  out.begin_object().member("text", text).end_object();
  co_return ServerResponse::json(std::move(json));
}

}  // namespace

void add_dashboard_routes(http::Router& router, Dashboards& dashboards) {
  router.add("GET", "/v1/dashboards", [&](ServerRequest&) { return list(dashboards); });
  auto add = [&](std::string_view method,
                 Deferred<ServerResponse> (*route)(Dashboards&, ServerRequest&)) {
    router.add(method, "/v1/dashboards/:name",
               [&dashboards, route](ServerRequest& request) { return route(dashboards, request); });
  };
  add("GET", get);
  add("PUT", put);
  add("DELETE", remove);
}

}  // namespace berth::console
