#include "proxy/gateway/route_table.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

Route route(std::string name, std::vector<std::string> hosts, std::string path,
            Route::PathKind kind = Route::PathKind::prefix) {
  Route out;
  out.name = std::move(name);
  out.hosts = std::move(hosts);
  out.path_kind = kind;
  out.path = std::move(path);
  if (kind == Route::PathKind::expression) out.expression = expression(out.path).value();
  return out;
}
constexpr auto exact = Route::PathKind::exact;
constexpr auto regex = Route::PathKind::expression;

struct Found {
  std::string name;
  std::string rest;
  std::vector<std::pair<std::string, std::string>> parameters;
};

Found find(const RouteTable& table, std::string_view host, std::string_view path,
           std::string_view method = "GET", std::string_view query = "",
           const http::Headers& headers = {}, std::string_view listener = "web") {
  Match match;
  if (!table.match({host, path, query, method, listener, &headers}, match)) return {"-", "", {}};
  Found out{match.route->name, std::string(match.rest), {}};
  for (auto& parameter : match.parameters) {
    out.parameters.emplace_back(parameter.name, parameter.value);
  }
  return out;
}

RouteTable table(std::vector<Route> routes) {
  return RouteTable::compile(std::move(routes)).value();
}

TEST(RouteTable, exact_hosts_go_before_longer_before_shorter_wildcards_before_any) {
  auto t = table({route("any", {}, "/"), route("short", {"*.example"}, "/"),
                  route("long", {"*.b.example"}, "/"), route("exact", {"a.b.example"}, "/")});
  EXPECT_EQ(find(t, "a.b.example", "/x").name, "exact");
  EXPECT_EQ(find(t, "A.B.Example.", "/x").name, "exact");
  EXPECT_EQ(find(t, "c.b.example", "/x").name, "long");
  EXPECT_EQ(find(t, "d.c.b.example", "/x").name, "long");
  EXPECT_EQ(find(t, "b.example", "/x").name, "short");
  EXPECT_EQ(find(t, "example", "/x").name, "any");
  EXPECT_EQ(find(t, "", "/x").name, "any");
  EXPECT_EQ(find(t, std::string(400, 'a'), "/x").name, "any");
}

TEST(RouteTable, a_host_whose_paths_do_not_fit_leaves_it_to_less_specific_ones) {
  auto t = table({route("any", {}, "/a"), route("host", {"a.example"}, "/b")});
  EXPECT_EQ(find(t, "a.example", "/b").name, "host");
  EXPECT_EQ(find(t, "a.example", "/a").name, "any");
  EXPECT_EQ(find(t, "a.example", "/c").name, "-");
}

TEST(RouteTable, prefixes_are_by_whole_segments_and_the_longest_wins) {
  auto t = table({route("root", {}, "/"), route("a", {}, "/a"), route("ab", {}, "/a/b")});
  EXPECT_EQ(find(t, "h", "/").name, "root");
  EXPECT_EQ(find(t, "h", "/ab").name, "root");
  EXPECT_EQ(find(t, "h", "/a").name, "a");
  EXPECT_EQ(find(t, "h", "/a/").name, "a");
  EXPECT_EQ(find(t, "h", "/a/").rest, "/");
  EXPECT_EQ(find(t, "h", "/a/bc").rest, "/bc");
  EXPECT_EQ(find(t, "h", "/a/b/c").name, "ab");
  EXPECT_EQ(find(t, "h", "/a/b/c").rest, "/c");
  EXPECT_EQ(find(t, "h", "/a/b").rest, "");
}

TEST(RouteTable, exact_paths_go_before_prefixes_and_mean_their_slash) {
  auto t = table({route("prefix", {}, "/a"), route("exact", {}, "/a", exact),
                  route("slash", {}, "/a/", exact), route("home", {}, "/", exact)});
  EXPECT_EQ(find(t, "h", "/a").name, "exact");
  EXPECT_EQ(find(t, "h", "/a/").name, "slash");
  EXPECT_EQ(find(t, "h", "/a/b").name, "prefix");
  EXPECT_EQ(find(t, "h", "/").name, "home");
  EXPECT_EQ(find(t, "h", "/b").name, "-");
}

TEST(RouteTable, parameters_stand_for_one_segment_and_give_way_to_literals) {
  auto t = table({route("user", {}, "/users/{id}", exact), route("me", {}, "/users/me", exact),
                  route("orders", {}, "/users/{user}/orders/{order}", exact),
                  route("files", {}, "/files/{folder}")});
  EXPECT_EQ(find(t, "h", "/users/me").name, "me");
  auto user = find(t, "h", "/users/7");
  EXPECT_EQ(user.name, "user");
  EXPECT_EQ(user.parameters, (std::vector<std::pair<std::string, std::string>>{{"id", "7"}}));
  auto order = find(t, "h", "/users/me/orders/12");
  EXPECT_EQ(order.name, "orders");  // "me" leads nowhere: it goes back and takes the parameter
  EXPECT_EQ(order.parameters,
            (std::vector<std::pair<std::string, std::string>>{{"user", "me"}, {"order", "12"}}));
  EXPECT_EQ(find(t, "h", "/users/").name, "-");
  EXPECT_EQ(find(t, "h", "/files/a/b").rest, "/b");
}

TEST(RouteTable, expressions_fit_as_a_whole_and_stand_at_what_they_share) {
  auto t = table({route("root", {}, "/"), route("version", {}, "/v[0-9]+/users(/.*)?", regex),
                  route("deep", {}, "/api/v1/x.*", regex), route("api", {}, "/api"),
                  route("v1", {}, "/api/v1"), route("either", {}, "/p/a|/q/b", regex)});
  EXPECT_EQ(find(t, "h", "/v12/users").name, "version");
  EXPECT_EQ(find(t, "h", "/v12/users/7").name, "version");
  EXPECT_EQ(find(t, "h", "/v12/usersx").name, "root");
  EXPECT_EQ(find(t, "h", "/x/v12/users").name, "root");
  EXPECT_EQ(find(t, "h", "/api/v1/xyz").name, "deep");  // at "/api/v1", before the prefix there
  EXPECT_EQ(find(t, "h", "/api/v1/y").name, "v1");
  EXPECT_EQ(find(t, "h", "/api/z").name, "api");
  EXPECT_EQ(find(t, "h", "/q/b").name, "either");
}

TEST(RouteTable, conditions_must_hold_and_more_of_them_go_first) {
  auto plain = route("plain", {}, "/");
  auto post = route("post", {}, "/");
  post.methods = {"POST", "PUT"};
  auto beta = route("beta", {}, "/");
  beta.methods = {"POST"};
  beta.headers = {FieldCondition::parse("X-Beta", "~1|true").value()};
  auto paged = route("paged", {}, "/");
  paged.query = {FieldCondition::parse("page", "*").value(),
                 FieldCondition::parse("all", "!").value()};
  auto inner = route("inner", {}, "/");
  inner.listeners = {"inner"};
  auto t = table({plain, post, beta, paged, inner});
  http::Headers headers;
  headers.add_view("x-beta", "true");
  EXPECT_EQ(find(t, "h", "/").name, "plain");
  EXPECT_EQ(find(t, "h", "/", "PUT").name, "post");
  EXPECT_EQ(find(t, "h", "/", "POST", "", headers).name, "beta");
  EXPECT_EQ(find(t, "h", "/", "GET", "", headers).name, "plain");
  EXPECT_EQ(find(t, "h", "/", "GET", "x=1&page=2").name, "paged");
  EXPECT_EQ(find(t, "h", "/", "GET", "page").name, "paged");
  EXPECT_EQ(find(t, "h", "/", "GET", "page=2&all").name, "plain");
  EXPECT_EQ(find(t, "h", "/", "GET", "pages=2").name, "plain");
  EXPECT_EQ(find(t, "h", "/", "GET", "", {}, "inner").name, "inner");
}

TEST(RouteTable, of_equal_ones_the_first_is_taken) {
  auto t =
      table({route("one", {"a.example", "b.example"}, "/x"), route("two", {"b.example"}, "/x")});
  EXPECT_EQ(find(t, "b.example", "/x").name, "one");
}

TEST(RouteTable, wrong_paths_are_refused) {
  EXPECT_FALSE(RouteTable::compile({route("a", {}, "a")}).ok());
  EXPECT_FALSE(RouteTable::compile({route("a", {}, "/{a}/{a}")}).ok());
  EXPECT_FALSE(RouteTable::compile({route("a", {}, "/x{a}")}).ok());
  EXPECT_FALSE(RouteTable::compile({route("a", {}, "/../b")}).ok());
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "/a";
  EXPECT_FALSE(RouteTable::compile({route("a", {}, deep)}).ok());
}

/// The rules of route_table.h in the plainest way, for literal prefixes and exact paths.
std::string plainly(const std::vector<Route>& routes, std::string_view host,
                    std::string_view path) {
  std::string best = "-";
  std::tuple<int, std::size_t, bool> rank{-1, 0, false};
  for (auto& each : routes) {
    int host_rank = -1;
    if (each.hosts.empty()) host_rank = 0;
    for (auto& pattern : each.hosts) {
      if (pattern == host) host_rank = 1000;
      if (pattern.starts_with("*.") && host.size() >= pattern.size() &&
          host.ends_with(pattern.substr(1))) {
        host_rank = std::max(host_rank, static_cast<int>(pattern.size()));
      }
    }
    bool whole = path == each.path;
    std::string_view prefix = each.path == "/" ? "" : std::string_view(each.path);
    bool fits = each.path_kind == exact
                    ? whole
                    : path.starts_with(prefix) &&
                          (path.size() == prefix.size() || path[prefix.size()] == '/');
    std::tuple<int, std::size_t, bool> now{host_rank, prefix.size(), each.path_kind == exact};
    if (host_rank < 0 || !fits || now <= rank) continue;
    rank = now;
    best = each.name;
  }
  return best;
}

TEST(RouteTable, thousands_of_routes_are_found_as_by_looking_at_all) {
  std::mt19937 random(11);
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<std::string> hosts = {"*.example", "*.a.example"};
  for (int i = 0; i < 40; ++i) hosts.push_back("h" + std::to_string(i) + ".a.example");
  auto path = [&] {
    std::string out;
    for (int i = below(4); i >= 0; --i) out += "/s" + std::to_string(below(6));
    return out;
  };
  std::vector<Route> routes;
  for (int i = 0; i < 3000; ++i) {
    bool any = below(20) == 0;
    routes.push_back(
        route(std::to_string(i),
              any ? std::vector<std::string>()
                  : std::vector<std::string>{hosts[static_cast<std::size_t>(below(42))]},
              path(), below(2) ? exact : Route::PathKind::prefix));
  }
  auto t = table(routes);
  int found = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string host = below(9) ? "h" + std::to_string(below(44)) + ".a.example" : "x.example";
    std::string target = path();
    std::string expected = plainly(routes, host, target);
    EXPECT_EQ(find(t, host, target).name, expected) << host << target;
    found += expected != "-";
  }
  EXPECT_GT(found, 2000);
}

}  // namespace
}  // namespace berth::proxy::gateway
