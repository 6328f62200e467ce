#include "observe/streams/core.h"

#include "base/json.h"
#include "observe/streams/event_json.h"
#include "observe/streams/folds.h"
#include "observe/streams/streams_suite.h"

// The door, the index with its reaper, pubsub, reloads (riemann index_test.clj, core_test.clj,
// pubsub_test.clj).

namespace berth::observe::streams {
namespace {

void inject(Bench& bench, std::string_view written) {
  Event event = e(written);
  bench.core.inject(event);
}

Texts indexed(const Index& index, std::string_view condition = "true", std::size_t most = 1000) {
  Texts out;
  auto query = Query::parse(condition);
  index.search(*query, most, [&](const Event& event) { out.push_back(text(event)); });
  std::ranges::sort(out);
  return out;
}

TEST(StreamCoreTest, the_door_gives_time_and_ttl) {
  Bench bench;
  ASSERT_TRUE(bench.core.add(bench.out()).ok());
  bench.clock.advance(5s);
  inject(bench, "host=a");
  inject(bench, "host=a time=3 ttl=7");
  Event far = e("host=a");
  far.time = {std::numeric_limits<std::int64_t>::max()};
  far.ttl = Duration::max();
  bench.core.inject(far);
  EXPECT_EQ(bench.flat(),
            events({"host=a time=5 ttl=60", "host=a time=3 ttl=7", "host=a time=5 ttl=60"}));
  EXPECT_EQ(bench.core.counters().events, 3u);
}

TEST(IndexTest, keeps_the_last_of_each_host_and_service) {
  Index index(10);
  auto put = [&](std::string_view written) { return index.insert(e(written)); };
  EXPECT_TRUE(put("host=1 service=a metric=1 time=0").ok());
  EXPECT_TRUE(put("host=1 service=b metric=2 time=0").ok());
  EXPECT_TRUE(put("host=1 service=a metric=3 time=0").ok());
  EXPECT_TRUE(put("metric=4 time=0").ok());
  EXPECT_EQ(indexed(index), events({"host=1 service=a metric=3 time=0",
                                    "host=1 service=b metric=2 time=0", "metric=4 time=0"}));
  EXPECT_EQ(indexed(index, "host = \"1\" and service = \"b\""),
            events({"host=1 service=b metric=2 time=0"}));
  EXPECT_EQ(indexed(index, "host = \"2\" and service = \"b\""), Texts());
  EXPECT_EQ(indexed(index, "metric > 2", 1).size(), 1u);
  EXPECT_TRUE(put("host=1 service=a state=expired time=9").ok());
  EXPECT_EQ(index.find("1", "a"), nullptr);
  EXPECT_EQ(index.size(), 2u);
  EXPECT_FALSE(put("host=1").ok()) << "no time";
  index.clear();
  EXPECT_EQ(index.size(), 0u);
}

TEST(IndexTest, a_new_service_is_refused_when_it_is_full) {
  Index index(2);
  EXPECT_TRUE(index.insert(e("host=1 time=0")).ok());
  EXPECT_TRUE(index.insert(e("host=2 time=0")).ok());
  auto refused = index.insert(e("host=3 service=x time=0"));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::overloaded));
  EXPECT_THAT(refused.error().text(), testing::HasSubstr("'x' of host '3' is not taken"));
  EXPECT_TRUE(index.insert(e("host=2 metric=2 time=0")).ok());
}

TEST(IndexTest, is_what_a_map_would_be) {
  Index index(1000);
  std::map<std::string, std::string> model;
  std::uint32_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 1664525 + 1013904223;
    std::string host = std::to_string(random >> 8 & 0xff), key = "host=" + host;
    if ((random >> 28) < 7) {
      EXPECT_EQ(index.remove(host, ""), model.erase(key) == 1);
    } else {
      model[key] = text(e(key + " time=0 metric=" + std::to_string(i)));
      EXPECT_TRUE(index.insert(e(model[key])).ok());
    }
  }
  EXPECT_EQ(index.size(), model.size());
  Texts all;
  for (auto& [key, event] : model) all.push_back(event);
  std::ranges::sort(all);
  EXPECT_EQ(indexed(index), all);
}

TEST(ReaperTest, what_is_too_old_goes_to_the_topic_and_to_all_streams_once) {
  Bench bench;
  Texts topic;
  auto listening = bench.core.pubsub().subscribe(
      "index", [&](const Event& event) { topic.push_back(text(event)); });
  ASSERT_TRUE(bench.core.add(sdo({index(), bench.out()})).ok());
  bench.core.start();
  inject(bench, "host=a service=s state=ok metric=1 ttl=15 tags=x");
  bench.clock.advance(100s);
  EXPECT_EQ(bench.flat(), events({"host=a service=s state=ok metric=1 ttl=15 time=0 tags=x",
                                  "host=a service=s state=expired time=20"}));
  // The reaper's and then the one that `index` got from the streams, as in Riemann.
  EXPECT_EQ(topic, events({"host=a service=s state=ok metric=1 ttl=15 time=0 tags=x",
                           "host=a service=s state=expired time=20",
                           "host=a service=s state=expired time=20"}));
  EXPECT_EQ(bench.core.index().size(), 0u);
}

TEST(ReaperTest, keeps_the_fields_that_it_is_told_to) {
  StreamLimits limits;
  limits.expired_keeps = {"host", "service", "tags", "x"};
  Bench bench(limits);
  ASSERT_TRUE(bench.core.add(sdo({index(), bench.out()})).ok());
  bench.core.start();
  inject(bench, "host=a service=s metric=1 ttl=1 tags=t x=7");
  bench.clock.advance(10s);
  EXPECT_EQ(bench.flat().back(), text(e("host=a service=s state=expired time=10 tags=t x=7")));
}

TEST(IndexStream, an_event_without_time_fails) {
  Bench bench;
  bench.build([](Spec) { return index(); });
  bench.take("host=a");
  EXPECT_EQ(bench.core.counters().failed, 1u);
}

TEST(DeleteFromIndexStream, by_host_and_service_or_by_fields) {
  Bench bench;
  bench.build([](Spec) {
    return sdo({where(query("state = \"gone\""), {delete_from_index({})}),
                where(query("state = \"down\""), {delete_from_index({"host"})})});
  });
  for (auto* each :
       {"host=1 service=a time=0", "host=1 service=b time=0", "host=2 service=a time=0"}) {
    ASSERT_TRUE(bench.core.index().insert(e(each)).ok());
  }
  bench.take("host=2 service=a state=gone");
  EXPECT_EQ(bench.core.index().size(), 2u);
  bench.take("host=1 state=down");
  EXPECT_EQ(bench.core.index().size(), 0u);
}

TEST(PubSubTest, listeners_come_and_go_while_it_publishes) {
  PubSub pubsub;
  int first = 0, second = 0;
  PubSub::Subscription a, b;
  a = pubsub.subscribe("t", [&](const Event&) { ++first, a.end(), b.end(); });
  b = pubsub.subscribe("t", [&](const Event&) { ++second; });
  pubsub.publish("t", Event());
  pubsub.publish("t", Event());
  pubsub.publish("other", Event());
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  EXPECT_EQ(pubsub.listeners(), 0u);
}

TEST(PublishStream, and_reinject) {
  Bench bench;
  Texts heard;
  auto listening = bench.core.pubsub().subscribe(
      "alerts", [&](const Event& event) { heard.push_back(text(event)); });
  ASSERT_TRUE(bench.core
                  .add(where(query("state = \"again\""), {publish("alerts")},
                             {with({{"state", "again"}}, {reinject()})}))
                  .ok());
  inject(bench, "host=a");
  EXPECT_EQ(heard, Texts());
  bench.clock.advance(1ms);
  EXPECT_EQ(heard, events({"host=a state=again time=0 ttl=60"}));
}

TEST(SendStream, to_outputs_by_name) {
  Bench bench;
  Texts sent;
  bench.core.set_output("librato", [&](const Event& event) -> Result<void> {
    sent.push_back(text(event));
    if (event.metric) return {};
    return Error(Code::invalid, "no metric");
  });
  bench.build([](Spec) { return sdo({send("librato"), send("nowhere")}); });
  bench.run({"metric=1", "host=a"});
  EXPECT_EQ(sent, events({"metric=1", "host=a"}));
  EXPECT_EQ(bench.core.counters().failed, 3u);
}

TEST(InstallTest, streams_that_are_written_as_before_keep_their_state) {
  Bench bench;
  auto counting = [&](const char* condition, double from) {
    return where(query(condition), {counter(from, {bench.out()})});
  };
  ASSERT_TRUE(
      bench.core
          .install({{"a", counting("service = \"a\"", 0)}, {"b", counting("service = \"b\"", 0)}})
          .ok());
  inject(bench, "service=a metric=1");
  inject(bench, "service=b metric=1");
  ASSERT_TRUE(bench.core
                  .install({{"b", counting("service = \"b\"", 100)},
                            {"renamed", counting("service = \"a\"", 0)}})
                  .ok());
  EXPECT_EQ(bench.core.counters().streams_kept, 1u);
  inject(bench, "service=a metric=1");
  inject(bench, "service=b metric=1");
  EXPECT_EQ(metrics(bench.flat()), (Texts{"1", "1", "2", "101"}));
}

TEST(InstallTest, a_tree_that_cannot_work_is_refused_and_the_old_one_stays) {
  Bench bench;
  ASSERT_TRUE(bench.core.install({{"a", counter(0, {bench.out()})}}).ok());
  auto refused = bench.core.install({{"b", coalesce(1s, {rate(1s, {})})}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text(),
            "stream 'b': rate takes events, but coalesce hands on vectors; put a fold, such as "
            "mean, or sflatten between them");
  EXPECT_FALSE(bench.core.install({{"c", rate(1s, {smap(*fold_called("sum"), {})})}}).ok());
  EXPECT_FALSE(bench.core.install({{"d", smap(*fold_called("sum"), {})}}).ok());
  inject(bench, "metric=1");
  EXPECT_EQ(metrics(bench.flat()), (Texts{"1"}));
}

TEST(EventJsonTest, is_what_riemann_writes_and_reads_back) {
  Event event = e("host=a service=b state=ok metric=1.5 ttl=60 tags=x,y shop=north");
  event.time = {1'700'000'000'123'000'000};
  std::string json = event_json(event);
  EXPECT_EQ(json, R"({"host":"a","service":"b","state":"ok","metric":1.5,"tags":["x","y"],)"
                  R"("time":"2023-11-14T22:13:20.123Z","ttl":60,"shop":"north"})");
  auto back = event_of_json(*Json::parse(json));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(text(*back), text(event));
  EXPECT_EQ(text(*event_of_json(*Json::parse(R"({"time": 5, "x": 7, "state": null})"))),
            "time=5 x=7");
  auto refused = [](const char* given) {
    return std::string(event_of_json(*Json::parse(given)).error().message());
  };
  EXPECT_EQ(refused("[]"), "an event must be an object, found an array");
  EXPECT_EQ(refused(R"({"metric": "a"})"), "'metric' must be a number, found a string");
  EXPECT_EQ(refused(R"({"tags": "a"})"), "'tags' must be an array of strings, found a string");
  EXPECT_EQ(refused(R"({"time": "noon"})"), "'time' is no ISO 8601 time: 'noon'");
}

}  // namespace
}  // namespace berth::observe::streams
