#include "placement/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::placement {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// A spec in which nothing is as by default.
ServiceSpec full_spec() {
  ServiceSpec spec;
  spec.name = "orders";
  spec.source = ServiceSpec::Source::build;
  spec.run = "/home/me/shop/orders";
  spec.folder = "/home/me/shop";
  spec.port = 8000;
  spec.instances = 2;
  spec.cpu_millicores = 200;
  spec.memory_bytes = 128 << 20;
  spec.health = {HealthCheck::Kind::http, "/health", 2s, 3s, 4s, 5, 6};
  spec.routes = {{"api", "/orders"}, {"web", "/"}};
  spec.needs = {"users", "payments"};
  spec.calls.timeout = 7s;
  spec.calls.retries = 1;
  spec.env = {{"Z", "1"}, {"A", "\"ä\"\n"}};
  spec.on = {{"order.created", "/events"}};
  spec.update = {3, 8s, 9s};
  return spec;
}

DesiredService full_service() {
  DesiredService service;
  service.name = "orders";
  service.vip_host = 17;
  service.instances = 4;
  service.target = 2;
  service.generation = 5;
  service.removed = true;
  service.versions = {{1, full_spec(), WallTime{11}, true}, {2, full_spec(), WallTime{12}, false}};
  service.rollouts = {{1, 2, WallTime{13}, WallTime{14}, WallTime{15}, RolloutResult::returned,
                       "it failed", false, 3},
                      {2, 1, WallTime{16}, WallTime{17}, {}, RolloutResult::running, "", true, 0}};
  return service;
}

template <class T>
void expect_same_after_a_round_trip(const T& record) {
  std::string text = to_json(record).text();
  auto read = from_json<T>(Json::parse(text).value());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_TRUE(*read == record) << text << "\n" << to_json(*read).text();
}

TEST(Records, are_read_as_they_were_written) {
  auto spec = service_spec_from_json(Json::parse(to_json(full_spec()).text()).value());
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  EXPECT_TRUE(*spec == full_spec());
  expect_same_after_a_round_trip(SystemRecord{"shop", "production", "example.com", 0x7f4d0700});
  expect_same_after_a_round_trip(full_service());
  expect_same_after_a_round_trip(Assignment{"orders", 3, 2, 5, "laptop", true, WallTime{21}});
  expect_same_after_a_round_trip(InstanceRecord{"orders", 3, "01J", 2, 5, "laptop",
                                                Address::loopback(4000), InstanceState::unhealthy,
                                                "GET /health answered 500", 4711, 2, WallTime{22}});
  InstanceRecord worker{.service = "mail", .number = 1, .host = "laptop"};
  expect_same_after_a_round_trip(worker);
  expect_same_after_a_round_trip(HostRecord{"laptop", "127.0.0.1", 2000, 1 << 30, true});
  expect_same_after_a_round_trip(
      FeedEntry{31, WallTime{23}, "deploy", "ok", "orders", "version 2", 2, "orders/3"});
}

TEST(Records, keep_defaults_for_what_is_missing_and_ignore_what_is_unknown) {
  auto host = from_json<HostRecord>(Json::parse(R"({"name":"a","zone":"b"})").value());
  ASSERT_TRUE(host.ok());
  EXPECT_TRUE(*host == HostRecord{.name = "a"});
}

TEST(Records, name_the_member_that_is_wrong) {
  auto error_of = [](std::string_view text) {
    auto read = from_json<DesiredService>(Json::parse(text).value());
    return read.ok() ? "" : read.error().text();
  };
  EXPECT_THAT(error_of("[]"), HasSubstr("must be an object, found an array"));
  EXPECT_THAT(error_of("{}"), HasSubstr("'name' must be there"));
  EXPECT_THAT(error_of(R"({"name":"a","target":"1"})"), HasSubstr("'target' must be an integer"));
  EXPECT_THAT(error_of(R"({"name":"a","target":1,"instances":-1})"), HasSubstr("'instances'"));
  EXPECT_THAT(
      error_of(
          R"({"name":"a","target":1,"versions":[{"number":1,"spec":{"name":"a","port":99999}}]})"),
      testing::AllOf(HasSubstr("'port'"), HasSubstr("versions[0].spec")));
  EXPECT_THAT(error_of(R"({"name":"a","target":1,"rollouts":[{"to":1,"result":"lost"}]})"),
              HasSubstr("'rollouts[0].result' must be a known word, found 'lost'"));
  EXPECT_THAT(error_of(R"({"name":"a","target":7})"), HasSubstr("none of its versions"));
}

TEST(Records, return_to_is_the_newest_good_version_before_the_target) {
  DesiredService service = full_service();
  EXPECT_EQ(service.return_to(), 1u);
  service.target = 1;
  EXPECT_EQ(service.return_to(), 0u);
}

TEST(ClusterState, takes_over_each_kind_of_key) {
  ClusterState state;
  auto put = [&](const std::string& key, const Json& json) {
    std::string text = json.text();
    auto applied = state.apply(key, &text);
    EXPECT_TRUE(applied.ok()) << applied.error().text();
  };
  put("system", to_json(SystemRecord{.name = "shop"}));
  put(service_key("orders"), to_json(full_service()));
  put(assignment_key("orders", 2), to_json(Assignment{"orders", 2, 1, 0, "laptop"}));
  put(instance_key("orders", 2),
      to_json(InstanceRecord{.service = "orders", .number = 2, .host = "laptop"}));
  put(host_key("laptop"), to_json(HostRecord{.name = "laptop"}));
  put(feed_key(31), to_json(FeedEntry{.id = 31}));
  put("catalog/service/orders",
      Json::parse(R"({"name":"orders","vip":"127.77.7.17:7480"})").value());
  put("catalog/instance/orders/2", Json::object());
  EXPECT_EQ(state.system.name, "shop");
  EXPECT_TRUE(state.services.at("orders") == full_service());
  EXPECT_EQ(state.assignments.at("orders").at(2).host, "laptop");
  EXPECT_EQ(state.instances.at("orders").at(2).host, "laptop");
  EXPECT_TRUE(state.hosts.contains("laptop"));
  EXPECT_TRUE(state.feed.contains(31));
  EXPECT_EQ(state.policies.at("orders").vip.text(), "127.77.7.17:7480");

  for (const std::string& key :
       {std::string("system"), service_key("orders"), assignment_key("orders", 2),
        instance_key("orders", 2), host_key("laptop"), feed_key(31),
        std::string("catalog/service/orders"), assignment_key("users", 1)})
    EXPECT_TRUE(state.apply(key, nullptr).ok()) << key;
  EXPECT_EQ(state.system.name, "");
  EXPECT_THAT(state.services, IsEmpty());
  EXPECT_THAT(state.assignments, IsEmpty());
  EXPECT_THAT(state.instances, IsEmpty());
  EXPECT_THAT(state.hosts, IsEmpty());
  EXPECT_THAT(state.feed, IsEmpty());
  EXPECT_THAT(state.policies, IsEmpty());
}

TEST(ClusterState, stays_as_it_was_when_a_value_cannot_be_read) {
  ClusterState state;
  std::string good = to_json(HostRecord{.name = "a", .memory_bytes = 7}).text();
  ASSERT_TRUE(state.apply("hosts/a", &good).ok());
  for (std::string bad : {"", "{", "[]", R"({"name":"b"})", R"({"name":"a","memory_bytes":"x"})"}) {
    auto applied = state.apply("hosts/a", &bad);
    ASSERT_FALSE(applied.ok());
    EXPECT_TRUE(applied.error().is(Code::invalid));
    EXPECT_THAT(applied.error().text(), HasSubstr("hosts/a"));
    EXPECT_EQ(state.hosts.at("a").memory_bytes, 7);
  }
  EXPECT_FALSE(state.apply("feed/x", &good).ok());
}

TEST(ServiceSpec, only_what_an_instance_runs_with_replaces_it) {
  ServiceSpec spec = full_spec();
  ServiceSpec other = spec;
  other.instances = 9;
  other.routes.clear();
  other.needs.clear();
  other.calls.timeout = 1s;
  other.on.clear();
  other.update.parallel = 7;
  std::ranges::reverse(other.env);
  EXPECT_FALSE(other.replaces(spec));
  other.env[0].second = "2";
  EXPECT_TRUE(other.replaces(spec));
  other = spec;
  other.run = "/elsewhere";
  EXPECT_TRUE(other.replaces(spec));
  other = spec;
  other.health.fall = 1;
  EXPECT_TRUE(other.replaces(spec));
}

std::vector<std::string> lines(const std::vector<FieldChange>& changes) {
  std::vector<std::string> out;
  for (const FieldChange& c : changes) out.push_back(c.key + ": " + c.from + " -> " + c.to);
  return out;
}

TEST(ServiceSpec, differences_are_told_as_in_the_file) {
  ServiceSpec from = full_spec();
  EXPECT_THAT(differences(from, from), IsEmpty());
  ServiceSpec to = from;
  to.source = ServiceSpec::Source::command;
  to.run = "python3 \"app\".py";
  to.port = 0;
  to.instances = 3;
  to.memory_bytes = 0;
  to.health = {};
  to.routes = {{"web", "/"}};
  to.needs = {};
  to.env = {{"A", "b"}, {"NEW", "x"}};
  to.on = {{"order.created", "/hook"}};
  to.calls.timeout = 1500ms;
  EXPECT_THAT(
      lines(differences(from, to)),
      testing::ElementsAre(
          R"(build: "/home/me/shop/orders" -> )", "port: 8000 -> ", "instances: 2 -> 3",
          R"(memory: "128MiB" -> )", R"(health.path: "/health" -> )",
          R"(health.interval: "2s" -> "1s")", R"(health.timeout: "3s" -> "2s")",
          R"(health.grace: "4s" -> "30s")", "health.rise: 5 -> 1", "health.fall: 6 -> 3",
          R"(public: ["api/orders", "web"] -> "web")", R"(needs: ["users", "payments"] -> )",
          R"(calls.timeout: "7s" -> "1s500ms")", R"(env.Z: "1" -> )", R"(env.A: "\"ä\"\n" -> "b")",
          R"(on."order.created": "/events" -> "/hook")", R"(command:  -> "python3 \"app\".py")",
          "health.tcp:  -> true", R"(env.NEW:  -> "x")"));
}

}  // namespace
}  // namespace berth::placement
