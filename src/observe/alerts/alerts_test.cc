#include "observe/alerts/alerts.h"

#include <gmock/gmock.h>

#include "observe/alerts/alerts_suite.h"
#include "observe/alerts/exports.h"

// Each rule of alerting on virtual time. Peers: Prometheus' rules/alerting.go, Alertmanager's
// dispatch and silences, Riemann's expired events.

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Said = std::vector<std::string>;

constexpr const char* quick = R"(
[alerts]
to = ["chat"]
group_wait = "0s"
group_interval = "0s"
)";

std::string with(const std::string& rule) { return quick + ("[[alert]]\n" + rule); }

TEST(Alerts, for_makes_it_wait_and_a_gap_begins_it_anew) {
  AlertWorld world(
      with("name = \"slow\"\nquery = 'latency > 1'\nfor = \"1m\"\nevery = \"10s\"\n"
           "summary = \"%{service} takes %{value} s\"\n"));
  world.series.values["latency{service=\"api\"}"] = 2;
  world.run(55s);
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.alerts->json()["alerts"].items()[0]["phase"].string_or(""), "pending");
  world.series.values["latency{service=\"api\"}"] = 0.5;
  world.run(10s);
  EXPECT_EQ(world.alerts->json()["alerts"].items().size(), 0u);
  world.series.values["latency{service=\"api\"}"] = 3;
  world.run(55s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(20s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: api takes 3 s"));
  world.run(10min);
  EXPECT_THAT(world.said(), IsEmpty());
  world.series.values.clear();
  world.run(11s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: api takes 3 s"));
  world.run(1h);
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.alerts->json()["alerts"].items().size(), 0u);  // forgotten after a while
}

TEST(Alerts, hysteresis_holds_between_the_two_bounds) {
  AlertWorld world(
      with("name = \"full\"\nquery = 'disk > 0.9'\nhold = 'disk > 0.7'\n"
           "every = \"1s\"\nsummary = \"%{host}\"\n"));
  double& disk = world.series.values["disk{host=\"a\"}"];
  disk = 0.8;
  world.run(5s);
  EXPECT_THAT(world.said(), IsEmpty());
  disk = 0.95;
  world.run(5s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: a"));
  for (int i = 0; i < 10; ++i) {
    disk = i % 2 ? 0.95 : 0.75;
    world.run(2s);
  }
  EXPECT_THAT(world.said(), IsEmpty());
  disk = 0.69;
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: a"));
  disk = 0.8;
  world.run(5s);
  EXPECT_THAT(world.said(), IsEmpty());
}

TEST(Alerts, keep_goes_on_for_a_while) {
  AlertWorld world(
      with("name = \"x\"\nquery = 'x > 0'\nkeep = \"30s\"\nevery = \"1s\"\n"
           "summary = \"x\"\nflap_changes = 0\n"));
  world.series.values["x"] = 1;
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: x"));
  world.series.values["x"] = 0;
  world.run(20s);
  world.series.values["x"] = 1;
  world.run(2s);
  world.series.values["x"] = 0;
  world.run(25s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(10s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: x"));
}

TEST(Alerts, absent_of_series_and_of_events) {
  AlertWorld world(
      with("name = \"no backup\"\nquery = 'absent(backup)'\nfor = \"10s\"\n"
           "every = \"1s\"\nsummary = \"no backup\"\n"
           "[[alert]]\nname = \"silent\"\nof = 'service = \"heartbeat\"'\n"
           "absent = \"30s\"\nby = [\"host\"]\nsummary = \"%{host} is silent\"\n"));
  world.series.values["backup"] = 1;
  world.event("heartbeat", 1, "a");
  world.event("heartbeat", 1, "b");
  world.run(20s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.event("heartbeat", 1, "a");
  world.run(15s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: b is silent"));
  world.event("heartbeat", 1, "a");
  world.event("heartbeat", 1, "b");
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: b is silent"));
  world.series.values.clear();
  world.run(5s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(10s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: no backup"));
}

TEST(Alerts, events_fire_and_clear_by_host_and_service) {
  AlertWorld world(
      with("name = \"queue\"\nwhere = 'service =~ \"queue%\" and metric > 100'\n"
           "hold = 'metric > 50'\nsummary = \"%{service} on %{host}: %{value}\"\n"));
  world.event("queue a", 150, "h1");
  world.event("queue b", 10, "h1");
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: queue a on h1: 150"));
  world.event("queue a", 60, "h1");
  world.run(2s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.event("queue a", 20, "h1");
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: queue a on h1: 150"));
  // Between two looks: it is not missed.
  world.event("queue c", 200, "h2");
  world.event("queue c", 5, "h2");
  world.run(3s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: queue c on h2: 200",
                                        "chat ok: resolved: queue c on h2: 200"));
  // An event whose ttl is over says nothing any more.
  world.event("queue d", 200, "h2", 10s);
  world.run(5s);
  EXPECT_EQ(world.said().size(), 1u);
  world.run(10s);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: queue d on h2: 200"));
}

TEST(Alerts, alerts_of_a_group_are_told_together) {
  AlertWorld world(
      "[alerts]\nto = [\"chat\", \"mail\"]\ngroup_by = [\"service\"]\ngroup_wait = \"30s\"\n"
      "group_interval = \"5m\"\nrepeat = \"4h\"\n"
      "[[alert]]\nname = \"down\"\nquery = 'up == 0'\nevery = \"5s\"\nsummary = \"%{host}\"\n");
  world.series.values["up{service=\"api\",host=\"a\"}"] = 0;
  world.series.values["up{service=\"web\",host=\"c\"}"] = 0;
  world.run(10s);
  world.series.values["up{service=\"api\",host=\"b\"}"] = 0;
  world.run(10s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(15s);
  EXPECT_THAT(world.said(),
              testing::UnorderedElementsAre("chat warning: firing: a\nfiring: b",
                                            "mail warning: firing: a\nfiring: b",
                                            "chat warning: firing: c", "mail warning: firing: c"));
  world.series.values["up{service=\"api\",host=\"d\"}"] = 0;
  world.series.values["up{service=\"api\",host=\"a\"}"] = 1;
  world.run(4min);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(1min);
  Said changed{"chat warning: firing: b\nfiring: d\nresolved: a",
               "mail warning: firing: b\nfiring: d\nresolved: a"};
  EXPECT_EQ(world.said(), changed);
  world.run(4h - 1min);
  EXPECT_EQ(world.said().size(), 2u);  // web again, api not yet
  world.run(6min);
  EXPECT_EQ(world.said().size(), 2u);
}

TEST(Alerts, silences_hold_back_and_end) {
  AlertWorld world(
      with("name = \"down\"\nquery = 'up == 0'\nevery = \"1s\"\n"
           "summary = \"%{host}\"\n"));
  Silence silence;
  silence.matchers = "host=~\"a|b\",alertname=\"down\"";
  silence.ends = world.host.clock.wall() + 10min;
  silence.by = "ada";
  auto id = world.simulation.run(world.alerts->silence(silence));
  ASSERT_TRUE(id.ok()) << id.error().text();
  world.series.values["up{host=\"a\"}"] = 0;
  world.series.values["up{host=\"c\"}"] = 0;
  world.run(1min);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: c"));
  EXPECT_EQ(world.alerts->firing(), 2u);
  world.kill();  // it is kept
  world.open();
  world.run(8min);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(1min + 5s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: a\nfiring: c"));
  // What is silenced when it ends is not told any more.
  silence.ends = world.host.clock.wall() + 10min;
  silence.matchers = "{host=\"a\"}";
  id = world.simulation.run(world.alerts->silence(silence));
  world.series.values["up{host=\"a\"}"] = 1;
  world.run(20min);
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_FALSE(world.simulation.run(world.alerts->end_silence(*id)).ok());  // it is over
  silence.ends = world.host.clock.wall() + 10min;
  id = world.simulation.run(world.alerts->silence(silence));
  world.series.values["up{host=\"a\"}"] = 0;
  world.run(5s);
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_TRUE(world.simulation.run(world.alerts->end_silence(*id)).ok());
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: c\nfiring: a"));
  silence.matchers = "{host=";
  EXPECT_TRUE(world.simulation.run(world.alerts->silence(silence)).error().is(Code::invalid));
}

TEST(Alerts, the_cause_is_told_and_its_forty_effects_are_not) {
  AlertWorld world(
      with("name = \"instance down\"\nquery = 'up == 0'\nevery = \"1s\"\n"
           "depends_on = [\"host down\"]\nequal = [\"host\"]\nsummary = \"%{i}\"\n"
           "[[alert]]\nname = \"host down\"\nquery = 'host_up == 0'\nfor = \"10s\"\n"
           "every = \"1s\"\nseverity = \"critical\"\nsummary = \"%{host} is down\"\n"));
  world.series.values["host_up{host=\"a\"}"] = 0;
  for (int i = 0; i < 40; ++i) {
    world.series.values["up{host=\"a\",i=\"" + std::to_string(i) + "\"}"] = 0;
  }
  world.series.values["up{host=\"b\",i=\"other\"}"] = 0;
  world.run(1min);
  auto said = world.said();
  EXPECT_THAT(said, testing::UnorderedElementsAre("chat warning: firing: other",
                                                  testing::HasSubstr("firing: a is down")));
  EXPECT_EQ(world.alerts->firing(), 42u);
  // The host is back, one of its instances is not.
  world.series.values["host_up{host=\"a\"}"] = 1;
  for (int i = 1; i < 40; ++i) {
    world.series.values["up{host=\"a\",i=\"" + std::to_string(i) + "\"}"] = 1;
  }
  world.run(5s);
  std::string all;
  for (auto& each : world.said()) all += each + "\n";
  EXPECT_THAT(all, testing::HasSubstr("resolved: a is down"));
  EXPECT_THAT(all, testing::HasSubstr("firing: 0"));
  EXPECT_THAT(all, testing::Not(testing::HasSubstr("firing: 1\n")));
}

TEST(Alerts, what_flaps_is_told_once) {
  AlertWorld world(
      with("name = \"flaps\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n"
           "flap_changes = 5\nflap_within = \"10m\"\n"));
  for (int i = 0; i < 20; ++i) {
    world.series.values["x"] = i % 2 ? 0 : 1;
    world.run(5s);
  }
  // On, off, on, off, on: now it counts as flapping, and goes on as firing.
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: x", "chat ok: resolved: x",
                                        "chat warning: firing: x", "chat ok: resolved: x",
                                        "chat warning: firing: x (flapping)"));
  world.series.values["x"] = 0;
  world.run(9min);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(3min);
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: x"));
}

TEST(Alerts, a_restart_keeps_what_fires_and_what_is_pending) {
  AlertWorld world(
      with("name = \"now\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n"
           "[[alert]]\nname = \"late\"\nquery = 'y > 0'\nevery = \"1s\"\n"
           "for = \"1m\"\nsummary = \"y\"\n"));
  world.series.values["x"] = 1;
  world.series.values["y"] = 1;
  world.run(40s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: x"));
  world.kill();
  world.run(10s);
  world.open();
  world.run(5s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(10s);  // forty, ten while it was away, ten
  EXPECT_EQ(world.said().size(), 1u);
  // After a long outage what was pending has not held all the time.
  world.series.values["y"] = 0;
  world.run(5s);
  world.said();
  world.series.values["y"] = 1;
  world.run(30s);
  world.kill();
  world.run(1h);
  world.open();
  world.run(50s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.run(15s);
  EXPECT_EQ(world.said().size(), 1u);
}

TEST(Alerts, a_restart_keeps_what_events_made_fire_until_they_say_otherwise) {
  AlertWorld world(
      with("name = \"queue\"\nwhere = 'service = \"queue\" and metric > 100'\n"
           "summary = \"%{host}\"\n"));
  world.event("queue", 150, "h1");
  world.event("queue", 150, "h2");
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: h1\nfiring: h2"));
  world.kill();
  world.open();
  world.run(10s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.event("queue", 1, "h1");
  world.run(2s);
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: h2\nresolved: h1"));
  world.run(2min);  // nothing is heard of h2
  EXPECT_THAT(world.said(), ElementsAre("chat ok: resolved: h2"));
}

TEST(Alerts, each_change_is_told_at_least_once_however_often_it_is_killed) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    AlertWorld world(with("name = \"x\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"%{n}\"\n"
                          "flap_changes = 0\n"),
                     seed);
    for (int round = 0; round < 10; ++round) {
      bool on = round % 2 == 0;
      world.series.values["x{n=\"1\"}"] = on;
      auto some = std::chrono::microseconds(world.simulation.random().below(1'200'000));
      world.run(some);
      world.kill();
      world.open();
      world.run(3s);
      auto said = world.said();
      std::string wanted = on ? "chat warning: firing: 1" : "chat ok: resolved: 1";
      ASSERT_GE(std::ranges::count(said, wanted), 1) << "seed " << seed << " round " << round;
      ASSERT_LE(said.size(), 2u) << "seed " << seed << " round " << round;
    }
  }
}

TEST(Alerts, a_rule_that_cannot_be_evaluated_changes_nothing) {
  AlertWorld world(with("name = \"x\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n"));
  world.series.values["x"] = 1;
  world.run(2s);
  EXPECT_EQ(world.said().size(), 1u);
  world.series.fails = true;
  world.run(1min);
  EXPECT_THAT(world.said(), IsEmpty());
  EXPECT_EQ(world.alerts->firing(), 1u);
  EXPECT_THAT(std::string(world.alerts->json()["rules"].items()[0]["trouble"].string_or("")),
              testing::HasSubstr("the disk is broken"));
  Exposition page;
  world.alerts->expose(page);
  EXPECT_THAT(page.take(), testing::ContainsRegex("evaluation_failures_total.rule=.x.. [56][0-9]"));
}

TEST(Alerts, an_output_that_takes_nothing_is_told_later) {
  AlertWorld world(with("name = \"x\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n"));
  world.refuses = true;
  world.series.values["x"] = 1;
  world.run(10s);
  EXPECT_THAT(world.said(), IsEmpty());
  world.refuses = false;
  world.run(2s);
  EXPECT_EQ(world.said().size(), 1u);
}

TEST(Alerts, history_and_annotations_are_kept) {
  AlertWorld world(
      "[alerts]\nto = [\"chat\"]\ngroup_wait = \"0s\"\nannotations_to = [\"librato\"]\n"
      "[[alert]]\nname = \"x\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n");
  Event deploy;
  deploy.service = "deploys";
  deploy.description = "users 1.4";
  ASSERT_TRUE(world.simulation.run(world.alerts->annotate(deploy)).ok());
  ASSERT_EQ(world.told.size(), 1u);
  EXPECT_EQ(world.told[0].first, "librato");
  EXPECT_THAT(world.told[0].second.tags, ElementsAre("annotation"));
  world.series.values["x"] = 1;
  world.run(3s);
  world.kill();
  world.open();
  Json lines = world.simulation.run(world.alerts->history(10)).value();
  std::vector<std::string> what;
  for (auto& each : lines.items()) what.push_back(*each["what"].string());
  EXPECT_THAT(what, ElementsAre("told", "firing", "annotation"));
}

TEST(Alerts, a_wrong_file_is_told_with_its_places) {
  std::string text =
      "[[alert]]\nname = \"a\"\nquery = 'x >'\nto = [\"chatt\"]\n"
      "[[alert]]\nname = \"a\"\nquery = 'x'\nwhere = 'true'\n"
      "[[alert]]\nname = \"b\"\nwhere = 'metric >'\nabsent = \"1m\"\n"
      "[[objective]]\nname = \"o\"\nerrors = 'x'\ntotal = 'y'\npercent = 100\n"
      "[[kpi]]\nname = \"k\"\nusual = [2, 1]\n";
  TomlValue file = TomlValue::parse(text, "observe.toml").value();
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  read_alerts(reader, {"chat"});
  std::string all;
  for (auto& line : errors.lines()) all += line + "\n";
  for (auto* part :
       {"observe.toml:3:9: alert[0].query is wrong: ", "names 'chatt', which is no",
        "'a' is the name of another rule", "and where, of or absent cannot both be given",
        "alert[2].where is wrong: parse error", "needs 'of'", "must be between 0 and 100",
        "must have [$window]", "must be two numbers"}) {
    EXPECT_THAT(all, testing::HasSubstr(part));
  }
  std::string circle =
      "[[alert]]\nname = \"a\"\nquery = 'x'\ndepends_on = [\"b\"]\n"
      "[[alert]]\nname = \"b\"\nquery = 'x'\ndepends_on = [\"a\"]\n";
  TomlValue second = TomlValue::parse(circle, "x").value();
  TomlErrors more;
  TomlReader again(second, "", more);
  read_alerts(again, {});
  ASSERT_TRUE(more.any());
  EXPECT_THAT(more.lines().front(), testing::HasSubstr("depends on itself"));
}

TEST(Alerts, rules_alerts_and_their_limit) {
  AlertWorld world(with("name = \"x\"\nquery = 'x > 0'\nevery = \"1s\"\nsummary = \"x\"\n"));
  for (int i = 0; i < 1200; ++i) world.series.values["x{n=\"" + std::to_string(i) + "\"}"] = 1;
  world.run(2s);
  EXPECT_EQ(world.alerts->firing(), RuleAlerts::alerts_max);
  auto said = world.said();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], testing::HasSubstr("firing: 980 more"));
}

TEST(Exports, each_step_is_sent_through_kills_and_outages) {
  sim::Simulation simulation(4);
  auto& host = simulation.add_host("here");
  SetSeries series;
  series.values["hits_total{service=\"api\",host=\"a\"}"] = 7;
  std::vector<Event> accepted, told;
  AlertOutputs outputs;
  outputs.accept = [&](const std::string&, const Event& event) -> Result<void> {
    accepted.push_back(event);
    return {};
  };
  outputs.commit = [&]() -> Deferred<void> {
    co_await host.clock.after(3ms);
    for (auto& event : accepted) told.push_back(event);
    accepted.clear();
  };
  auto open = [&] {
    Export what;
    what.name = "hits";
    what.query = promql::Query::parse("hits_total").value();
    what.service = "hits of %{service}";
    what.to = {"chat"};
    std::vector<Export> all{what};
    auto made = std::make_unique<Exports>(host.world(), Log(), series, outputs,
                                          ExportsOptions{.folder = "/state/alerts"});
    EXPECT_TRUE(simulation.run(made->open(std::move(all))).ok());
    return made;
  };
  for (int round = 0; round < 20; ++round) {
    auto running = open();
    simulation.run_for(std::chrono::milliseconds(simulation.random().below(20'000)));
    running.reset();  // as kill -9
    accepted.clear();
    simulation.run_for(std::chrono::milliseconds(simulation.random().below(30'000)));
  }
  auto running = open();
  simulation.run_for(20s);
  std::set<std::int64_t> steps;
  for (auto& event : told) {
    EXPECT_EQ(event.service, "hits of api");
    EXPECT_EQ(event.host, "a");
    EXPECT_EQ(event.metric, 7);
    steps.insert(event.time.nanoseconds);
  }
  ASSERT_GT(steps.size(), 20u);
  std::int64_t between = (*steps.rbegin() - *steps.begin()) / 10'000'000'000;
  EXPECT_EQ(std::int64_t(steps.size()), between + 1);  // none is left out
}

TEST(Objectives, burn_rates_of_the_workbook) {
  Objective objective;
  objective.name = "api";
  objective.errors = "sum(rate(bad[$window]))";
  objective.total = "sum(rate(all[$window]))";
  objective.percent = 99.9;
  auto rules = burn_rate_rules(objective).value();
  ASSERT_EQ(rules.size(), 4u);
  EXPECT_EQ(rules[0].text,
            "((sum(rate(bad[3600s]))) / (sum(rate(all[3600s])))) > 0.0144 and "
            "((sum(rate(bad[300s]))) / (sum(rate(all[300s])))) > 0.0144");
  EXPECT_EQ(rules[0].severity, "critical");
  EXPECT_EQ(rules[3].severity, "warning");
  EXPECT_THAT(rules[1].depends_on, ElementsAre("api burns its budget over 1h"));
  EXPECT_EQ(budget_expression(objective),
            "1 - ((sum(rate(bad[2592000s]))) / (sum(rate(all[2592000s])))) / 0.001");
  objective.percent = 90;  // a tenth may fail: not more than all of it can
  EXPECT_EQ(burn_rate_rules(objective).value().size(), 3u);
}

TEST(Kpis, count_messages_and_fields_each_minute) {
  sim::Simulation simulation(1);
  auto& host = simulation.add_host("here");
  std::vector<Kpi> kpis(3);
  kpis[0].name = "orders per minute";
  kpis[0].topic = "order.created";
  kpis[1].name = "gift value sold";
  kpis[1].topic = "gift.sold";
  kpis[1].field = "amount";
  kpis[2].name = "big events";
  kpis[2].where = streams::Query::parse("metric > 5").value();
  std::vector<Event> out;
  Kpis counted(host.clock, kpis, [&](Event event) { out.push_back(std::move(event)); });
  counted.start();
  std::int64_t past = host.clock.wall().nanoseconds % 60'000'000'000;
  simulation.run_for(Duration(60'000'000'000 - past) + 100ms);
  EXPECT_THAT(out, IsEmpty());  // the first minute was no whole one
  for (int i = 0; i < 7; ++i) counted.note_message("order.created", "{}");
  counted.note_message("gift.sold", "{\"amount\": 12.5}");
  counted.note_message("gift.sold", "{\"amount\": \"7.5\"}");
  counted.note_message("gift.sold", "no JSON");
  Event event;
  for (double metric : {1.0, 6.0, 7.0}) {
    event.metric = metric;
    counted.note("", event);
  }
  simulation.run_for(1min);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].service, "kpi orders per minute");
  EXPECT_EQ(out[0].metric, 7);
  EXPECT_EQ(out[0].time.nanoseconds % 60'000'000'000, 0);
  EXPECT_EQ(out[1].metric, 20);
  EXPECT_EQ(out[2].metric, 2);
  simulation.run_for(1min);
  ASSERT_EQ(out.size(), 6u);
  EXPECT_EQ(out[3].metric, 0);
  EXPECT_THAT(counted.topics(), ElementsAre("gift.sold", "order.created"));
}

TEST(Kpis, a_number_outside_its_usual_band_is_told) {
  AlertWorld world(
      "[[kpi]]\nname = \"orders\"\ntopic = \"order.created\"\nusual = [10, 200]\n"
      "for = \"2m\"\nto = [\"chat\"]\ngroup_wait = \"0s\"\ngroup_interval = \"0s\"\n");
  world.event("kpi orders", 50);
  world.run(1min);
  EXPECT_THAT(world.said(), IsEmpty());
  for (int i = 0; i < 4; ++i) {
    world.event("kpi orders", 3);
    world.run(1min);
  }
  EXPECT_THAT(world.said(), ElementsAre("chat warning: firing: orders is 3: usual is 10 to 200"));
  world.event("kpi orders", 12);
  world.run(2s);
  EXPECT_EQ(world.said().size(), 1u);
}

}  // namespace
}  // namespace berth::observe
