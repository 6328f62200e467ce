#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: changed, stable, runs; by its names.

namespace berth::observe::streams {
namespace {

Texts states(const Texts& names) {
  Texts out;
  for (auto& name : names) out.push_back("state=" + name);
  return out;
}

TEST(ChangedStream, state) {
  EXPECT_EQ(run_stream([](Spec out) { return changed("state", {out}); },
                       states({"ok", "bad", "bad", "ok", "ok", "ok", "evil", "bad"})),
            states({"ok", "bad", "ok", "evil", "bad"}));
}

TEST(ChangedStream, state_with_init) {
  EXPECT_EQ(run_stream([](Spec out) { return changed("state", {out}, {.initial = "ok"}); },
                       states({"ok", "bad", "bad", "ok", "ok", "evil", "bad"})),
            states({"bad", "ok", "evil", "bad"}));
}

TEST(ChangedStream, with_the_previous_event_and_a_function) {
  Reading state{"f", [](const Event& event) -> Result<FieldValue> { return event.state; }};
  auto out =
      run_vectors([&](Spec out) { return changed(state, {out}, {.initial = "ok", .pairs = true}); },
                  states({"ok", "bad", "bad", "ok", "ok", "evil", "bad"}));
  EXPECT_EQ(out, vectors({{"state=ok", "state=bad"},
                          {"state=bad", "state=ok"},
                          {"state=ok", "state=evil"},
                          {"state=evil", "state=bad"}}));
}

Texts stable_of(Duration dt, const Texts& in) {
  return run_stream([&](Spec out) { return stable(dt, "x", {out}); }, in);
}

TEST(StableStream, does_not_emit_until_dt_has_passed) {
  EXPECT_EQ(stable_of(3s, {"x=1 time=0", "x=1 time=1", "x=1 time=2"}), Texts());
  Texts constant = events({"x=1 time=0", "x=1 time=1", "x=1 time=3"});
  EXPECT_EQ(stable_of(3s, constant), constant);
}

TEST(StableStream, ignores_spikes) {
  EXPECT_EQ(stable_of(3s, {"x=0 time=0", "x=0 time=3", "x=1 time=4", "x=1 time=5", "x=0 time=6",
                           "x=0 time=9"}),
            events({"x=0 time=0", "x=0 time=3", "x=0 time=6", "x=0 time=9"}));
}

TEST(StableStream, ignores_flapping) {
  EXPECT_EQ(stable_of(3s, {"x=0 time=0", "x=0 time=10", "x=1 time=11", "x=0 time=11", "x=1 time=12",
                           "x=5 time=13", "x=2 time=14", "x=2 time=17"}),
            events({"x=0 time=0", "x=0 time=10", "x=2 time=14", "x=2 time=17"}));
}

TEST(StableStream, triggers_by_the_clock_alone) {
  auto make = [](Spec out) { return stable(10s, "x", {out}); };
  EXPECT_EQ(run_intervals(make, {"x=0 time=0", 1s, "x=1 time=1", 10s, "x=2 time=11", 1s}),
            events({"x=1 time=1"}));
  EXPECT_EQ(run_intervals(
                make, {"x=0 time=0", 1s, "x=0 time=1", 4s, "x=0 time=5", 6s, "x=1 time=11", 1s}),
            events({"x=0 time=0", "x=0 time=1", "x=0 time=5"}));
}

TEST(StableStream, an_event_that_is_ahead_of_the_clock_is_not_handed_on_twice) {
  // Riemann's timer would find what the second event has flushed, and flush it again.
  auto make = [](Spec out) { return stable(10s, "x", {out}); };
  EXPECT_EQ(run_intervals(make, {"x=0 time=0", "x=0 time=10", 30s}),
            events({"x=0 time=0", "x=0 time=10"}));
}

TEST(RunsStream, zero_width_and_n_width) {
  auto run = [](std::size_t n, const Texts& in) {
    return run_stream([&](Spec out) { return runs(n, "state", {out}); }, in);
  };
  EXPECT_EQ(run(0, {}), Texts());
  EXPECT_EQ(run(0, states({"2", "3", "4"})), Texts());
  EXPECT_EQ(run(3, states({"1", "2", "2"})), Texts());
  EXPECT_EQ(run(3, {"state=1", "state=1", "state=2 metric=0.5", "state=2 metric=0.6", "state=3",
                    "state=4 metric=5", "state=4 metric=5.1", "state=4 metric=5.2",
                    "state=4 metric=5.3"}),
            events({"state=4 metric=5.2", "state=4 metric=5.3"}));
}

}  // namespace
}  // namespace berth::observe::streams
