#include "proxy/gateway/public_route.h"

#include "proxy/gateway/file_reading.h"

namespace berth::proxy::gateway {
namespace {

/// The reader of proxy.toml's routes with nothing but the route itself: berth.toml names no files.
Route read(TomlReader& table, const std::string& service) {
  ReadFile none = [](const std::string& path) -> Result<std::string> {
    return Error(Code::denied, "no file is read here: " + path);
  };
  FileReading reading{{}, "", none, {}, {}, {}};
  return reading.read_public_route(service, table);
}

}  // namespace

void check_public_route(TomlReader& table) { read(table, ""); }

Result<Route> public_route(const catalog::PublicRoute& from, const std::string& service,
                           const std::string& domain) {
  Route route;
  if (from.rules.empty()) {
    route.path = from.path;
    while (route.path.size() > 1 && route.path.ends_with('/')) route.path.pop_back();
    if (route.path.empty()) route.path = "/";
  } else {
    TomlValue file = TRY(TomlValue::parse("public = " + from.rules, service));
    TomlErrors errors;
    TomlReader reader(file, "", errors);
    auto table = reader.table("public");
    if (!table) return Error(Code::invalid, "a route that is no table");
    route = read(*table, service);
    TRY(errors.result());
  }
  route.name = service;
  bool own_answer = route.redirect || route.respond;
  if (!own_answer) route.service = service;
  route.hosts = {from.label + "." + domain};
  TRY(parameters_of(route.path));
  return route;
}

}  // namespace berth::proxy::gateway
