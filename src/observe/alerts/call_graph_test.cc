#include "observe/alerts/call_graph.h"

#include "observe/alerts/alerts_suite.h"
#include "observe/alerts/default_alerts.h"

namespace berth::observe {
namespace {

CallGraph shop() {
  CallGraph graph;
  graph.set({{"gateway", "web"}, {"web", "orders"}, {"orders", "db"}, {"web", "users"}});
  return graph;
}

TEST(CallGraph, what_is_called_explains_those_that_call_it_by_others_too) {
  CallGraph graph = shop();
  EXPECT_TRUE(graph.explains("orders", "web"));
  EXPECT_TRUE(graph.explains("db", "gateway"));
  EXPECT_FALSE(graph.explains("web", "orders"));
  EXPECT_FALSE(graph.explains("users", "orders"));
  EXPECT_FALSE(graph.explains("db", "db"));
  EXPECT_FALSE(graph.explains("", "web"));
  EXPECT_FALSE(graph.explains("db", "unknown"));
}

TEST(CallGraph, services_that_call_one_another_do_not_hush_each_other) {
  CallGraph graph;
  graph.set({{"a", "b"}, {"b", "a"}, {"a", "db"}, {"b", "b"}});
  EXPECT_FALSE(graph.explains("a", "b"));
  EXPECT_FALSE(graph.explains("b", "a"));
  EXPECT_TRUE(graph.explains("db", "a"));
  EXPECT_TRUE(graph.explains("db", "b"));
}

TEST(CallGraph, what_is_beyond_its_limit_is_left_out) {
  CallGraph graph;
  std::vector<std::pair<std::string, std::string>> calls;
  for (std::size_t i = 0; i < CallGraph::edges_max + 5; ++i) {
    calls.emplace_back("a", std::to_string(i));
  }
  graph.set(calls);
  EXPECT_EQ(graph.size(), CallGraph::edges_max);
  graph.set({{"a", "b"}});
  EXPECT_EQ(graph.size(), 1u);
}

constexpr const char* by_calls = R"(
[alerts]
to = ["chat"]
group_wait = "0s"
group_interval = "0s"
calls = 'calls'
[[alert]]
name = "slow"
query = 'latency > 1'
every = "1s"
calls = true
summary = "%{service} is slow"
[[alert]]
name = "fails"
query = 'errors > 1'
every = "1s"
calls = true
summary = "%{service} fails"
)";

TEST(AlertsByCalls, the_farthest_down_is_told_and_those_that_call_it_are_not) {
  AlertWorld world(by_calls);
  world.series.values["calls{from=\"web\",to=\"orders\"}"] = 1;
  world.series.values["calls{from=\"orders\",to=\"db\"}"] = 1;
  world.series.values["errors{service=\"web\"}"] = 2;
  world.series.values["latency{service=\"orders\"}"] = 2;
  world.series.values["latency{service=\"db\"}"] = 2;
  world.series.values["latency{service=\"mail\"}"] = 2;
  world.run(5s);
  auto said = world.said();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].contains("db is slow")) << said[0];
  EXPECT_TRUE(said[0].contains("mail is slow")) << said[0];
  EXPECT_FALSE(said[0].contains("orders") || said[0].contains("web")) << said[0];
  for (auto& alert : world.alerts->json()["alerts"].items()) {
    if (alert["labels"]["service"].string_or("") != "web") continue;
    EXPECT_EQ(alert["explained_by"]["service"].string_or(""), "db");
  }
}

TEST(AlertsByCalls, effects_that_end_a_little_later_stay_held_back_and_those_that_stay_are_told) {
  AlertWorld world(by_calls);
  world.series.values["calls{from=\"web\",to=\"db\"}"] = 1;
  world.series.values["latency{service=\"web\"}"] = 2;
  world.series.values["latency{service=\"db\"}"] = 2;
  world.run(5s);
  EXPECT_EQ(world.said().size(), 1u);
  world.series.values["latency{service=\"db\"}"] = 0;
  world.run(1min);
  EXPECT_EQ(world.said(), std::vector<std::string>{"chat ok: resolved: db is slow"});
  world.run(Alerts::explains_after);
  EXPECT_EQ(world.said(), std::vector<std::string>{"chat warning: firing: web is slow"});
}

AlertsFile read(std::string_view text, std::size_t wrong = 0) {
  TomlValue file = TomlValue::parse(text, "observe.toml").value();
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  AlertsFile read = read_alerts(reader, {"chat"}, default_alerts);
  reader.finish();
  EXPECT_EQ(errors.count(), wrong) << (errors.any() ? errors.lines().front() : "");
  return read;
}

TEST(DefaultAlerts, are_there_go_where_the_file_says_and_give_place_to_a_rule_of_their_name) {
  auto plain = read("");
  ASSERT_GE(plain.rules.size(), 6u);
  EXPECT_TRUE(plain.rules[0].route.to.empty());
  EXPECT_TRUE(plain.calls);
  auto told = read("[alerts]\nto = [\"chat\"]\n");
  for (auto& rule : told.rules) EXPECT_EQ(rule.route.to, std::vector<std::string>{"chat"});
  auto own = read("[[alert]]\nname = \"a service is slow\"\nquery = 'x > 1'\n");
  EXPECT_EQ(own.rules.size(), plain.rules.size());
  EXPECT_EQ(own.rules[0].text, "x > 1");
  EXPECT_TRUE(read("[alerts]\ndefaults = false\n").rules.empty());
  read("[[alert]]\nname = \"mine\"\nquery = 'x > 1'\ndepends_on = [\"a service fails\"]\n");
  read("[[alert]]\nname = \"mine\"\nquery = 'x > 1'\ncalls = 1\n", 1);
}

}  // namespace
}  // namespace berth::observe
