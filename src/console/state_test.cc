#include "console/console_suite.h"

namespace berth::console {
namespace {

using placement::InstanceState;
using testing::ElementsAre;
using testing::IsEmpty;

/// A member of an object as docs/formats/api.md has it: its name, and what it may be.
using Shape = std::map<std::string, std::string>;

std::string kind_of(const Json& json) {
  if (json.is_null()) return "null";
  if (json.number()) return "number";
  if (json.boolean()) return "boolean";
  return json.is_string() ? "string" : json.is_array() ? "array" : "object";
}

/// Each member is named by the shape, and of a kind that it allows; those without ? are there.
void expect_shape(const Json& json, const Shape& shape, std::string_view what) {
  for (auto& [name, value] : json.members()) {
    auto found = shape.find(name);
    if (found == shape.end()) {
      ADD_FAILURE() << what << " has '" << name << "', the contract does not";
      continue;
    }
    EXPECT_NE(found->second.find(kind_of(value)), std::string::npos)
        << what << "." << name << " is " << kind_of(value) << ", not " << found->second;
  }
  for (auto& [name, kind] : shape) {
    if (kind.ends_with("?")) continue;
    EXPECT_TRUE(json.find(name)) << what << " has no '" << name << "'";
  }
}

const Shape state_shape{{"revision", "number"}, {"time", "number"},     {"system", "object"},
                        {"sentence", "object"}, {"addresses", "array"}, {"services", "array"},
                        {"calls", "array"},     {"feed", "array"},      {"topics", "array"}};
const Shape sentence_shape{{"level", "string"},      {"text", "string"},
                           {"since", "number"},      {"service", "string?"},
                           {"version", "number?"},   {"deployed", "number?"},
                           {"return_to", "number?"}, {"others", "number"}};
const Shape service_shape{{"name", "string"},
                          {"version", "number"},
                          {"previous_version", "number?"},
                          {"health", "string"},
                          {"why", "string"},
                          {"wanted", "number"},
                          {"running", "number"},
                          {"healthy", "number"},
                          {"url", "string"},
                          {"public_url", "string?"},
                          {"requests_per_second", "number null"},
                          {"errors_share", "number null"},
                          {"median_seconds", "number null"},
                          {"requests", "number"},
                          {"errors", "number"},
                          {"last_deploy", "number null"},
                          {"spark", "array"},
                          {"rollout", "object?"},
                          {"instances", "array"}};
const Shape instance_shape{{"id", "string"},  {"version", "number"},  {"state", "string"},
                           {"why", "string"}, {"host", "string"},     {"address", "string"},
                           {"pid", "number"}, {"restarts", "number"}, {"since", "number"}};
const Shape rollout_shape{{"version", "number"},
                          {"started", "number"},
                          {"ended", "number null"},
                          {"result", "string"},
                          {"why", "string"}};
const Shape path_shape{{"path", "string"},
                       {"requests_per_second", "number"},
                       {"errors_share", "number"},
                       {"median_seconds", "number null"},
                       {"p99_seconds", "number null"}};
const Shape slow_shape{
    {"time", "number"},         {"method", "string"},          {"path", "string"},
    {"status", "number"},       {"seconds", "number"},         {"instance", "string"},
    {"from", "string"},         {"queue_seconds", "number"},   {"connect_seconds", "number"},
    {"wait_seconds", "number"}, {"transfer_seconds", "number"}};
const Shape call_shape{{"from", "string"},
                       {"to", "string"},
                       {"requests_per_second", "number"},
                       {"errors_share", "number"},
                       {"median_seconds", "number null"}};
const Shape feed_shape{{"id", "number"},       {"time", "number"},     {"kind", "string"},
                       {"level", "string"},    {"service", "string"},  {"text", "string"},
                       {"version", "number?"}, {"instance", "string?"}};
const Shape topic_shape{{"name", "string"},
                        {"published", "number"},
                        {"per_second", "number"},
                        {"subscriptions", "array"}};

struct StateTest : ConsoleTest {
  /// A system in which everything that the state can show is there.
  void fill() {
    auto& users = desired("users", 2);
    users.versions.front().spec.routes = {{"api", "/users"}};
    placement::Version second = users.versions.front();
    second.number = 2;
    users.versions.push_back(second);
    users.target = 2;
    placement::Rollout rollout;
    rollout.from = 1;
    rollout.to = 2;
    rollout.started = clock.wall();
    rollout.why = "1 of 2 replaced";
    users.rollouts = {rollout};
    users.versions.back().spec.routes = users.versions.front().spec.routes;
    add_service("users", 2);
    auto& worker = desired("worker");
    worker.versions.front().spec.has_port = false;
    worker.versions.front().deployed = {};
    add_service("worker");
    placement::FeedEntry entry;
    entry.kind = "deploy";
    entry.level = "ok";
    entry.service = "users";
    entry.text = "version 2 begins";
    entry.version = 2;
    feed.add(entry);
    ok(bus.set_subscriptions({{"user.created", "worker", "/events"}}));
    start();
    traffic("users", 10, 8, 2);
    EXPECT_TRUE(until([&] { return !mirror.state().feed.empty(); }));
  }
};

TEST_F(StateTest, has_each_field_of_the_contract_and_no_other) {
  fill();
  Json now = state();
  expect_shape(now, state_shape, "state");
  expect_shape(now["system"],
               {{"name", "string"}, {"environment", "string"}, {"version", "string"}}, "system");
  expect_shape(now["sentence"], sentence_shape, "sentence");
  ASSERT_EQ(now["services"].items().size(), 2u);
  for (auto& service : now["services"].items()) {
    expect_shape(service, service_shape, "service");
    for (auto& each : service["instances"].items()) expect_shape(each, instance_shape, "instance");
  }
  expect_shape(service_in(now, "users")["rollout"],
               {{"from", "number"},
                {"to", "number"},
                {"state", "string"},
                {"why", "string"},
                {"started", "number"}},
               "rollout");
  ASSERT_FALSE(now["calls"].items().empty());
  expect_shape(now["calls"].items().front(), call_shape, "call");
  ASSERT_FALSE(now["feed"].items().empty());
  expect_shape(now["feed"].items().front(), feed_shape, "feed");
  ASSERT_FALSE(now["topics"].items().empty());
  expect_shape(now["topics"].items().front(), topic_shape, "topic");
}

TEST_F(StateTest, a_services_detail_has_each_field_of_the_contract_and_no_other) {
  fill();
  Json detail = get("/v1/services/users").json();
  Shape shape = service_shape;
  shape.insert(
      {{"rollouts", "array"}, {"paths", "array"}, {"statuses", "object"}, {"slow", "array"}});
  expect_shape(detail, shape, "detail");
  for (auto& each : detail["rollouts"].items()) expect_shape(each, rollout_shape, "rollout");
  ASSERT_FALSE(detail["paths"].items().empty());
  for (auto& each : detail["paths"].items()) expect_shape(each, path_shape, "path");
  ASSERT_FALSE(detail["slow"].items().empty());
  for (auto& each : detail["slow"].items()) expect_shape(each, slow_shape, "slow");
}

TEST_F(StateTest, sums_are_exact_and_current_to_the_last_request) {
  add_service("users");
  start();
  for (int i = 0; i < 1234; ++i) request("users");
  for (int i = 0; i < 56; ++i) request("users", i % 2 ? 503 : 0);
  for (int i = 0; i < 7; ++i) request("users", 404);
  Json users = service_in(state(), "users");
  EXPECT_EQ(users["requests"].integer(), 1297);
  EXPECT_EQ(users["errors"].integer(), 56);
  Json statuses = get("/v1/services/users").json()["statuses"];
  EXPECT_EQ(statuses.text(), R"({"0":28,"200":1234,"404":7,"503":28})");
}

TEST_F(StateTest, rates_shares_and_medians_are_of_the_last_ten_seconds) {
  add_service("users");
  start();
  traffic("users", 5, 100, 100);  // these are over by then
  traffic("users", 10, 6, 2);
  Json users = service_in(state(), "users");
  EXPECT_EQ(users["requests_per_second"].number(), 8.0);
  EXPECT_EQ(users["errors_share"].number(), 0.25);
  EXPECT_NEAR(*users["median_seconds"].number(), 0.002, 0.002 * 0.01);
  ASSERT_EQ(users["spark"].items().size(), 60u);
  EXPECT_EQ(users["spark"].items().back().integer(), 8);
  EXPECT_EQ(users["spark"].items()[49].integer(), 200);
  EXPECT_EQ(users["spark"].items()[44].integer(), 0);
}

TEST_F(StateTest, what_is_not_known_is_null_and_never_zero) {
  auto& worker = desired("worker");
  worker.versions.front().spec.has_port = false;
  worker.versions.front().deployed = {};
  add_service("worker");
  add_service("idle");
  start();
  next_second();
  Json now = state();
  Json idle = service_in(now, "idle");
  EXPECT_EQ(idle["requests_per_second"].number(), 0.0);
  EXPECT_TRUE(idle["errors_share"].is_null());
  EXPECT_TRUE(idle["median_seconds"].is_null());
  EXPECT_EQ(idle["spark"].items().size(), 60u);
  EXPECT_EQ(idle["url"].string_or(""), "http://idle:7480");
  Json without_port = service_in(now, "worker");
  EXPECT_TRUE(without_port["requests_per_second"].is_null());
  EXPECT_THAT(without_port["spark"].items(), IsEmpty());
  EXPECT_EQ(without_port["url"].string_or("?"), "");
  EXPECT_EQ(without_port["instances"].items()[0]["address"].string_or("?"), "");
  EXPECT_TRUE(without_port["last_deploy"].is_null());
}

TEST_F(StateTest, addresses_have_each_public_label_once_and_those_of_the_program) {
  desired("web").versions.front().spec.routes = {{"web", "/"}, {"api", "/web"}};
  desired("users").versions.front().spec.routes = {{"api", "/users"}};
  add_service("web");
  add_service("users");
  start();
  Json now = state();
  std::vector<std::string> urls;
  for (auto& each : now["addresses"].items()) urls.emplace_back(each["url"].string_or(""));
  EXPECT_THAT(urls,
              ElementsAre("http://api.shop.localhost:8080/", "http://web.shop.localhost:8080/",
                          "http://" + address.text(), "udp://127.0.0.1:8600"));
  EXPECT_EQ(service_in(now, "users")["public_url"].string_or(""),
            "http://api.shop.localhost:8080/users");
}

TEST_F(StateTest, calls_are_the_pairs_of_the_last_minute_unknown_callers_among_them) {
  add_service("users");
  start();
  request("users", 200, 2ms, "orders");
  request("gone", 200, 2ms, "orders");
  next_second();
  for (int i = 0; i < 20; ++i) request("users", i < 5 ? 500 : 200, 4ms, "unknown");
  next_second();
  for (int i = 0; i < 12; ++i) next_second();
  auto calls = state()["calls"];
  ASSERT_EQ(calls.items().size(), 2u);  // the one to a service that is not there is left out
  EXPECT_EQ(calls.items()[0]["from"].string_or(""), "orders");
  EXPECT_EQ(calls.items()[0]["requests_per_second"].number(), 0.0);
  EXPECT_TRUE(calls.items()[0]["median_seconds"].is_null());
  for (int i = 0; i < 20; ++i) request("users", i < 5 ? 500 : 200, 4ms, "unknown");
  next_second();
  calls = state()["calls"];
  EXPECT_EQ(calls.items()[1]["from"].string_or(""), "unknown");
  EXPECT_EQ(calls.items()[1]["requests_per_second"].number(), 2.0);
  EXPECT_EQ(calls.items()[1]["errors_share"].number(), 0.25);
  pass(70s);
  EXPECT_THAT(state()["calls"].items(), IsEmpty());
}

TEST_F(StateTest, paths_are_folded_busiest_first_with_their_errors) {
  add_service("users");
  start();
  for (int i = 0; i < 30; ++i) request("users", 200, 2ms, "web", "/users/" + std::to_string(i));
  for (int i = 0; i < 10; ++i) request("users", i < 5 ? 500 : 200, 9ms, "web", "/users");
  next_second();
  auto paths = get("/v1/services/users").json()["paths"];
  ASSERT_EQ(paths.items().size(), 2u);
  EXPECT_EQ(paths.items()[0]["path"].string_or(""), "/users/:id");
  EXPECT_EQ(paths.items()[0]["requests_per_second"].number(), 3.0);
  EXPECT_EQ(paths.items()[0]["errors_share"].number(), 0.0);
  EXPECT_EQ(paths.items()[1]["errors_share"].number(), 0.5);
  EXPECT_NEAR(*paths.items()[1]["p99_seconds"].number(), 0.009, 0.0001);
}

TEST_F(StateTest, slow_requests_tell_where_their_time_went) {
  add_service("users");
  start();
  for (int i = 1; i <= 30; ++i) request("users", 200, Duration(i * 1'000'000));
  auto slow = get("/v1/services/users").json()["slow"];
  ASSERT_EQ(slow.items().size(), 20u);
  Json first = slow.items().front();
  EXPECT_EQ(first["seconds"].number(), 0.03);
  EXPECT_EQ(first["queue_seconds"].number(), 0.003);
  EXPECT_EQ(first["wait_seconds"].number(), 0.015);
  EXPECT_NEAR(*first["transfer_seconds"].number(), 0.009, 1e-9);
  EXPECT_EQ(first["from"].string_or(""), "web");
  EXPECT_EQ(first["instance"].string_or(""), "users/1");
}

TEST_F(StateTest, a_failing_deploy_is_named_with_its_way_back) {
  auto& service = desired("recommendations");
  service.versions.push_back(service.versions.front());
  service.versions.back().number = 2;
  add_service("recommendations");
  start();
  traffic("recommendations", 30, 10);
  service.target = 2;
  placement::Rollout rollout;
  rollout.from = 1;
  rollout.to = 2;
  rollout.started = clock.wall();
  rollout.ended = clock.wall() + 2s;
  rollout.result = placement::RolloutResult::done;
  service.rollouts.push_back(rollout);
  put(service);
  std::int64_t began = clock.wall().nanoseconds / 1'000'000;
  traffic("recommendations", 12, 6, 3);
  Json sentence = state()["sentence"];
  EXPECT_EQ(sentence["level"].string_or(""), "bad");
  EXPECT_EQ(sentence["text"].string_or(""),
            "recommendations fails: 33 % of its requests answer 500");
  EXPECT_NEAR(static_cast<double>(*sentence["since"].integer()), static_cast<double>(began), 2000);
  EXPECT_EQ(sentence["version"].integer(), 2);
  EXPECT_EQ(sentence["deployed"].integer(), milliseconds(rollout.started));
  EXPECT_EQ(sentence["return_to"].integer(), 1);
  EXPECT_EQ(service_in(state(), "recommendations")["health"].string_or(""), "failing");
}

TEST_F(StateTest, the_feed_tells_once_when_errors_begin_and_when_they_are_over) {
  add_service("users");
  start();
  traffic("users", 5, 10);
  traffic("users", 20, 5, 5);
  traffic("users", 15, 10);
  ASSERT_TRUE(until([&] { return mirror.state().feed.size() >= 2; }));
  Json feed = state()["feed"];
  ASSERT_EQ(feed.items().size(), 2u);
  EXPECT_EQ(feed.items()[1]["kind"].string_or(""), "health");
  EXPECT_EQ(feed.items()[1]["level"].string_or(""), "bad");
  EXPECT_THAT(std::string(feed.items()[1]["text"].string_or("")),
              testing::HasSubstr("of its requests answer 500"));
  EXPECT_EQ(feed.items()[0]["level"].string_or(""), "ok");
  EXPECT_THAT(std::string(feed.items()[0]["text"].string_or("")),
              testing::StartsWith("its errors are over after"));
}

TEST_F(StateTest, a_console_that_starts_late_finds_out_when_errors_began) {
  add_service("users");
  traffic("users", 40, 10);
  std::int64_t began = milliseconds(clock.wall());
  traffic("users", 40, 5, 5);
  start();
  Json sentence = state()["sentence"];
  EXPECT_EQ(sentence["level"].string_or(""), "bad");
  EXPECT_NEAR(static_cast<double>(*sentence["since"].integer()), static_cast<double>(began), 1500);
  EXPECT_THAT(mirror.state().feed, IsEmpty());  // it is not news
}

TEST_F(StateTest, since_is_when_an_instance_fell_and_ok_is_since_it_came_back) {
  add_service("orders", 2);
  WallTime healthy_since = clock.wall();
  start();
  pass(10s);
  EXPECT_EQ(state()["sentence"]["since"].integer(), milliseconds(healthy_since));
  put(instance("orders", 2, InstanceState::failed, "ended with status 1"));
  Json sentence = state()["sentence"];
  EXPECT_EQ(sentence["level"].string_or(""), "warn");
  EXPECT_EQ(sentence["text"].string_or(""),
            "orders runs 1 of 2 instances: orders/2: ended with status 1");
  std::int64_t fell = milliseconds(clock.wall());
  EXPECT_EQ(sentence["since"].integer(), fell);
  pass(5s);
  EXPECT_EQ(state()["sentence"]["since"].integer(), fell);
  put(instance("orders", 2, InstanceState::healthy));
  sentence = state()["sentence"];
  EXPECT_EQ(sentence["level"].string_or(""), "ok");
  EXPECT_EQ(sentence["since"].integer(), milliseconds(clock.wall()));
}

}  // namespace
}  // namespace berth::console
