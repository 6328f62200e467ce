#include "proxy/gateway/catalog_routes.h"

#include <gtest/gtest.h>

namespace berth::proxy::gateway {
namespace {

catalog::Snapshot snapshot() {
  catalog::Snapshot out;
  out.domain = "shop.localhost";
  auto add = [&](std::string name, std::vector<catalog::PublicRoute> routes) {
    auto service = std::make_shared<catalog::Service>();
    service->name = name;
    service->routes = std::move(routes);
    out.services[name] = std::move(service);
  };
  add("users", {{"api", "/users/"}});
  add("web", {{"web", "/"}, {"api", ""}});
  add("worker", {});
  add("wrong", {{"api", "no path"}});
  return out;
}

TEST(CatalogRoutes, what_services_make_public_is_found_by_label_and_path) {
  auto gateway = gateway_of(snapshot(), Address::loopback(8080));
  auto service = [&](std::string_view host, std::string_view path) {
    Match match;
    Asked asked;
    asked.host = host;
    asked.path = path;
    return gateway->routes.match(asked, match) ? match.route->service : "-";
  };
  EXPECT_EQ(service("api.shop.localhost", "/users"), "users");
  EXPECT_EQ(service("API.shop.localhost", "/users/7"), "users");
  EXPECT_EQ(service("api.shop.localhost", "/usersx"), "web");
  EXPECT_EQ(service("web.shop.localhost", "/"), "web");
  EXPECT_EQ(service("other.shop.localhost", "/"), "-");
  EXPECT_EQ(service("shop.localhost", "/"), "-");
  EXPECT_EQ(gateway->entrances.at(0)->name, "gateway");
}

TEST(CatalogRoutes, only_a_change_of_routes_makes_others) {
  auto before = snapshot();
  auto after = snapshot();
  auto users = std::make_shared<catalog::Service>(*after.services["users"]);
  users->revision = 9;
  after.services["users"] = users;
  after.services.erase("worker");
  EXPECT_TRUE(same_routes(before, after));
  users->routes[0].path = "/u";
  EXPECT_FALSE(same_routes(before, after));
  after = snapshot();
  after.services.erase("users");
  EXPECT_FALSE(same_routes(before, after));
  EXPECT_FALSE(same_routes(after, before));
  after = snapshot();
  after.domain = "b";
  EXPECT_FALSE(same_routes(before, after));
}

}  // namespace
}  // namespace berth::proxy::gateway
