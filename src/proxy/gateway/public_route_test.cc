#include "proxy/gateway/public_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/strings.h"
#include "base/toml_text.h"
#include "http/h1_parser.h"
#include "proxy/gateway/catalog_routes.h"
#include "proxy/gateway/visit.h"

namespace berth::proxy::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The problems of a table.
std::vector<TomlProblem> problems(const std::string& text) {
  auto file = TomlValue::parse("[public]\n" + text, "berth.toml").value();
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  auto table = reader.table("public");
  check_public_route(*table);
  return errors.problems();
}

TEST(PublicRoute, has_the_keys_of_a_route_in_proxy_toml_but_for_what_a_system_has_not) {
  EXPECT_TRUE(problems(R"(host = "api"
prefix = "/v1/{tenant}"
methods = ["GET"]
headers = { X-Beta = "~1|true" }
query = { debug = "!" }
rewrite = "/{tenant}"
upstream_host = "users.internal"
request_headers = { set = { X-Tenant = "{tenant}" } }
response_headers = { remove = ["Server"] }
body_bytes_max = "10MiB"
timeout = "30s"
limit = { per_second = 5 }
https_only = true
hsts = { max_age = "1d" }
maintenance = { on = false }
allow = ["192.0.2.0/24"]
deny = ["192.0.2.7"]
cors = { origins = ["https://a.example"] }
compress = true
pages = [{ status = 503, text = "soon" }]
)")
                  .empty());
  for (auto* key : {"service = \"a\"", "hosts = [\"a\"]", "listeners = [\"web\"]", "auth = \"x\"",
                    "files = \"dist\"", "respond = { file = \"a\" }",
                    "pages = [{ file = \"a\", text = \"b\" }]"}) {
    auto found = problems("host = \"api\"\n" + std::string(key) + "\n");
    ASSERT_EQ(found.size(), 1U) << key;
    EXPECT_THAT(found[0].text, StartsWith("unknown key '")) << key;
  }
  auto wrong = problems("host = \"api\"\nprefix = \"users\"\nrewrite = \"/{nobody}\"\n");
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_THAT(wrong[0].line(), StartsWith("berth.toml:3:10: public.prefix must begin with '/'"));
  EXPECT_THAT(wrong[1].line(), HasSubstr("berth.toml:4:11: public.rewrite is wrong"));
  EXPECT_EQ(problems("host = \"a\"\nredirect = { to = \"/x\" }\nrespond = {}\n").size(), 1U);
}

TEST(PublicRoute, the_schema_has_the_keys_that_the_reader_knows) {
  std::ifstream file(std::string(BERTH_SOURCE) + "/docs/formats/berth.schema.json");
  std::stringstream text;
  text << file.rdbuf();
  auto schema = Json::parse(text.str()).value();
  std::vector<std::string> in_schema;
  for (auto& member : schema["$defs"]["route"]["properties"].members()) {
    in_schema.push_back(member.key);
  }
  std::ranges::sort(in_schema);
  auto unknown = problems("host = \"api\"\nno_such_key = 1\n").at(0);
  std::vector<std::string> known;
  std::string list = unknown.expected.substr(std::string("one of ").size());
  for (auto key : split(list, ',')) known.emplace_back(trim(key));
  EXPECT_EQ(in_schema, known);
}

/// What the public gets of a system whose services have these routes, by name.
struct PublicTest : ::testing::Test {
  catalog::Snapshot snapshot;
  std::shared_ptr<const Gateway> gateway;
  std::string head;  // for the service

  void service(const std::string& name, std::vector<std::string> tables) {
    auto made = std::make_shared<catalog::Service>();
    made->name = name;
    for (auto& table : tables) {
      std::erase(table, '\n');  // an inline table stands on one line
      auto value = TomlValue::parse("v = " + table, "").value();
      auto* host = value.find("v")->find("host");
      made->routes.push_back({*host->string(), "/", toml_text(*value.find("v"))});
    }
    snapshot.domain = "shop.localhost";
    snapshot.services[name] = made;
    gateway = gateway_of(snapshot, Address::loopback(8080));
  }
  /// The service, or the answer's first line.
  std::string ask(const std::string& line, const std::string& host, const std::string& more = "") {
    Visit visit(gateway->entrances[0], Address::parse("203.0.113.9:4000").value());
    std::string text = line + " HTTP/1.1\r\nHost: " + host + ".shop.localhost\r\n" + more + "\r\n";
    auto request = http::parse_request(Bytes::copy(text)).value();
    auto next = visit.begin(gateway, request, WallTime{});
    head.clear();
    if (next == Visit::Next::pass) {
      visit.append_request_head(head, request);
      return visit.service();
    }
    visit.append_own(head, visit.status(), visit.reason(), false, true);
    return std::to_string(visit.status());
  }
};

TEST_F(PublicTest, a_table_says_which_requests_and_what_becomes_of_them) {
  service("users", {R"({ host = "api", prefix = "/v1/{tenant}", methods = ["GET"],
                       rewrite = "/{tenant}", request_headers = { set = { X-Tenant = "{tenant}" } } })",
                    R"({ host = "api", path = "/old", redirect = { to = "/v1/a" } })",
                    R"({ host = "api", regex = "/r/[0-9]+", headers = { X-Beta = "1" } })",
                    R"({ host = "api", path = "/robots.txt", respond = { text = "none" } })"});
  service("closed", {R"({ host = "closed", deny = ["203.0.113.0/24"] })",
                     R"({ host = "closed", prefix = "/open" })"});
  service("inner", {});
  EXPECT_EQ(ask("GET /v1/acme/7?x=1", "api"), "users");
  EXPECT_THAT(head, StartsWith("GET /acme/7?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Tenant: acme\r\n"));
  EXPECT_EQ(ask("POST /v1/acme/7", "api"), "404");
  EXPECT_EQ(ask("GET /old", "api"), "308");
  EXPECT_THAT(head, HasSubstr("Location: /v1/a\r\n"));
  EXPECT_EQ(ask("GET /r/12", "api"), "404");
  EXPECT_EQ(ask("GET /r/12", "api", "X-Beta: 1\r\n"), "users");
  EXPECT_EQ(ask("GET /robots.txt", "api"), "200");
  EXPECT_EQ(ask("GET /open/x", "closed"), "closed");
  // Another spelling does not go around what a route asks for.
  for (auto* path : {"/", "/x", "/open/../x", "/open/%2e%2e/x", "//x"}) {
    EXPECT_EQ(ask("GET " + std::string(path), "closed"), "403") << path;
  }
  // Nothing else is there.
  EXPECT_EQ(ask("GET /", "inner"), "404");
  EXPECT_EQ(ask("GET /", "users"), "404");
}

TEST_F(PublicTest, a_change_of_rules_makes_other_routes_and_wrong_ones_are_left_out) {
  service("users", {R"({ host = "api", methods = ["GET"] })"});
  auto before = snapshot;
  service("users", {R"({ host = "api", methods = ["PUT"] })"});
  EXPECT_FALSE(same_routes(before, snapshot));
  EXPECT_EQ(ask("PUT /", "api"), "users");
  service("users", {R"({ host = "api", prefix = "none" })", R"({ host = "web" })"});
  EXPECT_EQ(ask("GET /", "api"), "404");
  EXPECT_EQ(ask("GET /", "web"), "users");
}

}  // namespace
}  // namespace berth::proxy::gateway
