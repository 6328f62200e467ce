#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/clock.h"
#include "storage/store.h"

namespace berth::storage {

/// Time that moves when it is told to.
class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_; }
  WallTime wall() const override { return {now_.nanoseconds}; }
  TimerQueue& timers() override { return timers_; }
  void advance(Duration time) {
    now_ = now_ + time;
    timers_.fire_due(now_);
  }

 private:
  MonotonicTime now_{1'000'000'000};
  TimerQueue timers_;
};

/// One engine with an empty store, for the suite.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual Store& store() = 0;
  /// Lets the work under way go on for a moment.
  virtual void turn() = 0;
  /// Lets time pass for leases.
  virtual void pass(Duration time) = 0;
  /// True if commits take effect in the order in which they were made, also when they are on their
  /// way at once; a store behind a network may not promise it.
  virtual bool keeps_call_order() const { return true; }
  /// Destroys the Store without closing it.
  virtual void drop_store() = 0;
};
using MakeHarness = std::function<std::unique_ptr<StoreHarness>()>;

/// What store.h promises, sentence by sentence, for every engine: the tests stand in
/// store_*_suite_test.cc, each engine's x_store_test.cc makes an instance of them with its harness.
/// Nothing here knows an engine: revisions are taken as they come, and time passes in seconds.
class StoreSuite : public ::testing::TestWithParam<MakeHarness> {
 protected:
  Store& store() { return harness_->store(); }
  StoreHarness& harness() { return *harness_; }

  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < turns_max && work.pending(); ++i) harness_->turn();
    if (work.pending()) return Error(Code::internal, "the suite waited in vain");
    return work.take();
  }
  void turn(int times = 20) {
    for (int i = 0; i < times; ++i) harness_->turn();
  }
  bool until(const std::function<bool()>& holds) {
    for (int i = 0; i < turns_max; ++i) {
      if (holds()) return true;
      harness_->turn();
    }
    return false;
  }

  Revision put(std::string key, std::string value, LeaseId lease = 0) {
    auto done = run(store().commit(Batch().put(std::move(key), std::move(value), lease)));
    EXPECT_TRUE(done.ok()) << done.error().text();
    return done.ok() ? *done : 0;
  }
  Revision remove(std::string key) {
    return run(store().commit(Batch().remove(std::move(key)))).value();
  }
  Code code_of_commit(Batch batch) { return code_of(run(store().commit(std::move(batch)))); }
  template <class T>
  static Code code_of(const Result<T>& result) {
    EXPECT_FALSE(result.ok()) << "an error was expected";
    return result.ok() ? Code::internal : result.error().code();
  }
  std::optional<Entry> get(std::string key) { return run(store().get(std::move(key))).value(); }
  std::string value_at(std::string key) {
    auto entry = get(std::move(key));
    return entry ? entry->value : "(none)";
  }
  Revision present() { return run(store().read(Range{})).value().revision; }
  /// "a=1 b=2" of a range.
  std::string listed(Range range) {
    auto page = run(store().read(std::move(range)));
    if (!page.ok()) return std::string(code_name(page.error().code()));
    std::string out;
    for (auto& entry : page->entries) {
      out += (out.empty() ? "" : " ") + entry.key + "=" + entry.value;
    }
    return out;
  }

  std::unique_ptr<Watch> watch(Range range, Revision after) {
    return run(store().watch(std::move(range), after)).value();
  }
  /// "a=1@5 b-@6": what the next call of next() brings.
  std::string next(Watch& watch) { return text_of(run(watch.next())); }
  static std::string text_of(const Result<std::vector<Change>>& changes) {
    if (!changes.ok()) return std::string(code_name(changes.error().code()));
    std::string out;
    for (auto& change : *changes) {
      out += (out.empty() ? "" : " ") + change.key + (change.value ? "=" + *change.value : "-");
    }
    return out;
  }
  /// The next `count` changes, however many calls that takes.
  std::vector<Change> take(Watch& watch, std::size_t count) {
    std::vector<Change> all;
    while (all.size() < count) {
      auto some = run(watch.next());
      EXPECT_TRUE(some.ok()) << some.error().text();
      if (!some.ok()) break;
      for (auto& change : *some) all.push_back(std::move(change));
    }
    return all;
  }

 private:
  static constexpr int turns_max = 20'000;
  std::unique_ptr<StoreHarness> harness_ = GetParam()();
};

}  // namespace berth::storage
