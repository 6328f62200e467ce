#include "observe/observer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "os/real_world_suite.h"

namespace berth::observe {
namespace {

/// Time that the test moves.
struct SetClock final : Clock {
  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_ + turn_; }
  WallTime wall() const override {
    WallTime time{begin + exact_now().nanoseconds};
    turn_ += each_look_takes_;
    return time;
  }
  TimerQueue& timers() override { return timers_; }

  static constexpr std::int64_t begin = 1'764'000'000'000'000'000;
  MonotonicTime now_{};
  Duration each_look_takes_{};  // and what is done between two looks
  mutable Duration turn_{};     // has taken so long already
  TimerQueue timers_;
};

struct ObserverTest : testing::Test, os::RealWorldBy<SetClock> {
  std::string folder = testing::TempDir() + "observer-" + std::to_string(random.next());
  std::unique_ptr<SampleStore> store;
  std::unique_ptr<Observer> observer;

  ObserverTest() { start(); }
  ~ObserverTest() override {
    stop();
    std::filesystem::remove_all(folder);
  }
  void start() {
    store = std::make_unique<SampleStore>(world, Log(), SampleStoreOptions{folder});
    run(store->open());
    observer = std::make_unique<Observer>(world, *store, Log());
    observer->start();
  }
  void stop() {
    if (!observer) return;
    observer->stop();
    observer.reset();
    run(store->close());
    store.reset();
  }
  void run(Deferred<void> work) { ASSERT_TRUE(RealParts::run(std::move(work)).ok()); }
  void pass(Duration time) {
    for (MonotonicTime end = clock.now_ + time; clock.now_ < end;) {
      clock.now_ = std::min(end, clock.now_ + 500ms);
      clock.timers_.fire_due(clock.now_);
      reactor.turn(0ms);
    }
  }
  /// What was begun on the disk, in several steps, ends before days go by.
  void settle() {
    for (int i = 0; i < 20; ++i) run(disk.make_folder(folder));
  }
  void request(std::string_view target, int status, Duration took) {
    RequestSeen seen;
    seen.service = "users";
    seen.caller = "web";
    seen.method = "GET";
    seen.target = target;
    seen.status = status;
    seen.took = took;
    seen.ended = clock.wall();
    observer->note(seen);
  }
  double value(std::string name, std::vector<std::pair<std::string, std::string>> labels) {
    std::int64_t to = observer->counted_until();
    auto series = observer->series().recent({{name}, "", to - 10, to});
    auto answers = series.query({name, std::move(labels), {}, Fold::value, to - 10, to, 10});
    double sum = 0;
    for (auto& answer : answers.value()) sum += answer.points.front();
    return sum;
  }
};

TEST_F(ObserverTest, what_its_last_second_counted_before_the_end_is_kept) {
  request("/users", 200, 1ms);
  pass(1500ms);  // the first second is handed over
  request("/users", 200, 1ms);
  stop();
  pass(2s);
  start();
  pass(2s);
  EXPECT_EQ(value("requests", {{"service", "users"}}), 2);
}

TEST_F(ObserverTest, a_path_has_its_exact_counts_by_status) {
  for (int i = 0; i < 7; ++i) request("/users/" + std::to_string(i), i < 2 ? 500 : 200, 3ms);
  request("/users", 200, 1ms);
  pass(2s);
  using Labels = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(value("path_requests", Labels{{"path", "/users/:id"}, {"status", "500"}}), 2);
  EXPECT_EQ(value("path_requests", Labels{{"path", "/users/:id"}, {"status", "200"}}), 5);
  EXPECT_EQ(value("path_latency", Labels{{"path", "/users"}}), 1);
  EXPECT_EQ(value("requests", Labels{{"service", "users"}}), 8);
}

TEST_F(ObserverTest, each_second_has_what_was_counted_in_it_and_no_more) {
  std::int64_t first = observer->counted_until();
  pass(100ms);
  for (int second = 0; second < 6; ++second) {
    bool many = second % 2 == 0;
    for (int i = 0; i < (many ? 200 : 3); ++i) request("/a", i == 0 ? 500 : 200, 2ms);
    if (many) request("/b", 404, 1ms);
    pass(1s);
  }
  auto points = [&](std::string name, std::vector<std::pair<std::string, std::string>> labels) {
    auto series = observer->series().recent({{name}, "", first, first + 6});
    auto answers = series.query({name, std::move(labels), {}, Fold::count, first, first + 6, 1});
    std::string out;
    for (double point : answers.value().at(0).points) out += fmt::format("{} ", point);
    return out;
  };
  EXPECT_EQ(points("path_latency", {{"path", "/a"}}), "200 3 200 3 200 3 ");
  EXPECT_EQ(points("path_requests", {{"path", "/a"}, {"status", "500"}}), "1 1 1 1 1 1 ");
  EXPECT_EQ(points("path_requests", {{"path", "/b"}, {"status", "404"}}), "1 nan 1 nan 1 nan ");
  EXPECT_EQ(points("call_latency", {{"from", "web"}, {"to", "users"}}), "201 3 201 3 201 3 ");
  EXPECT_EQ(points("latency", {{"service", "users"}}), "201 3 201 3 201 3 ");
}

TEST_F(ObserverTest, who_waits_is_told_when_a_second_is_in_the_store) {
  std::int64_t first = observer->counted_until();
  auto next = observer->next_second();
  request("/", 200, 1ms);
  reactor.turn(0ms);
  EXPECT_TRUE(next.pending());
  pass(1500ms);
  ASSERT_FALSE(next.pending());
  EXPECT_TRUE(next.take().ok());
  EXPECT_EQ(observer->counted_until(), first + 1);
  EXPECT_EQ(value("requests", {{"service", "users"}}), 1);
}

TEST_F(ObserverTest, a_long_turn_does_not_end_the_next_second_early) {
  std::int64_t first = observer->counted_until();
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 10; ++i) request("/", 200, 1ms);
    clock.each_look_takes_ = 20ms;
    for (std::int64_t until = observer->counted_until(); observer->counted_until() == until;) {
      clock.now_ = clock.now_ + 1ms + std::exchange(clock.turn_, {});
      clock.timers_.fire_due(clock.now_);
      reactor.turn(0ms);
    }
    clock.each_look_takes_ = {};
  }
  EXPECT_EQ(observer->counted_until(), first + 5);
  auto series = observer->series().recent({{"requests"}, "", first, first + 5});
  auto answers = series.query({"requests", {}, {}, Fold::value, first, first + 5, 1});
  EXPECT_EQ(answers.value().front().points, (std::vector<double>{10, 10, 10, 10, 10}));
}

TEST_F(ObserverTest, a_sum_outlives_days_in_which_it_did_not_change) {
  request("/", 503, 1ms);
  for (int i = 0; i < 5; ++i) request("/", 200, 1ms);
  pass(2s);
  for (int day = 0; day < 9; ++day) {
    clock.now_ = clock.now_ + Duration(24h);
    pass(2s);
    settle();
  }
  stop();
  start();
  EXPECT_EQ(observer->sums().at("users"), (Observer::Sums{{200, 5}, {503, 1}}));
}

}  // namespace
}  // namespace berth::observe
