#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/clock.h"
#include "base/log.h"
#include "observe/streams/index.h"
#include "observe/streams/pubsub.h"
#include "observe/streams/spec.h"
#include "observe/streams/stream_timer.h"

namespace berth::observe::streams {

/// The limits of everything in a StreamCore, with what happens there.
struct StreamLimits {
  Duration ttl = default_ttl;  // of events that come without one: nothing waits for them for ever
  Duration reap_every = 10s;   // how often the index is looked through for what is too old
  std::size_t index_events_max = 1'000'000;  // a new host and service is then refused, and counted
  std::size_t held_events_max = 100'000;     // of one stream; the newest is then left out, counted
  std::size_t forks_max = 100'000;           // of one `by`; the longest idle one is then ended
  Duration fork_idle = 1h;                   // a fork that got nothing for so long is ended
  std::size_t queue_events_max = 10'000;     // of reinject and of async_queue: refused, counted
  std::size_t empty_windows_max = 1000;      // in one gap of fixed_time_window; others are left out
  /// Fields of an event that stay when the reaper expires it; "all": all.
  std::vector<std::string> expired_keeps{"host", "service"};
};

/// What has happened in a StreamCore since its beginning.
struct StreamCounters {
  std::uint64_t events = 0;   // through the door
  std::uint64_t failed = 0;   // that a stream could not handle
  std::uint64_t dropped = 0;  // left out because a limit was reached
  std::uint64_t forks_ended = 0;
  std::uint64_t ticks_skipped = 0;  // of timers, after a reactor that was held up
  std::uint64_t streams_kept = 0;   // of reloads: unchanged, with their state
};

/// A tree of streams with its name, as a file has it.
struct NamedSpec {
  std::string name;
  Spec spec;
};

/// What Riemann calls a core: streams, the index, pubsub, and the door through which events come.
/// One reactor. Time is the clock's wall time, as of the beginning of the turn, so that a test can
/// move it. Nothing throws; what fails becomes an event for the exceptions' stream, or is logged.
/// install() takes other streams; those that are written as before keep their state.
class StreamCore {
 public:
  using Output = std::function<Result<void>(const Event&)>;

  StreamCore(Clock& clock, Log log, StreamLimits limits = {});
  ~StreamCore();

  /// Puts these in the place of what was there. invalid: check_shapes; nothing has changed then.
  Result<void> install(std::vector<NamedSpec> specs);
  /// Streams in code, beside those of files: they stay whatever is installed.
  Result<void> add(Spec spec);
  /// Begins to look for what is too old in the index.
  void start();
  /// Other limits, from now on; what the index holds beyond its new one stays.
  void set_limits(StreamLimits limits);

  /// The door: gives the event a time and a ttl where it has none, and hands it to all streams.
  void inject(Event& event);
  /// The time is read once for all of them.
  void inject_all(std::span<Event> events);
  /// Goes through the door after what is being handled now. False: the queue is full.
  bool reinject(const Event& event);

  /// Where `send NAME` leads to; it must not call back into the core.
  void set_output(std::string name, Output output) {
    outputs_[std::move(name)] = std::move(output);
  }
  const Output* output(std::string_view name) const;

  WallTime now() const { return now_; }
  /// Reads the time afresh: whatever enters the core from outside begins with it.
  void begin_turn() { now_ = clock_.wall(); }
  Clock& clock() { return clock_; }
  Index& index() { return index_; }
  PubSub& pubsub() { return pubsub_; }
  const StreamLimits& limits() const { return limits_; }
  StreamCounters& counters() { return counters_; }
  const StreamCounters& counters() const { return counters_; }

  /// Makes an event of it (riemann common.clj, exception->event) for that stream; null: logs it.
  void fail(Stream* exceptions, const Error& error);
  /// The one instance of a shared stream: all that are alive refer to it.
  std::shared_ptr<Branch> shared_branch(const Spec& spec, Stream* exceptions);
  void log_event(std::string_view json) { log_.info("an event", {{"event", json}}); }
  /// Indexes, and tells the topic "index" (riemann core.clj, wrap-index).
  Result<void> index_event(const Event& event);

 private:
  struct Installed {
    std::uint64_t hash = 0;
    std::string name;
    std::shared_ptr<Branch> branch;
  };

  void to_streams(const Event& event);
  void run_queue();
  void reap();
  Event what_is_kept(const Event& old) const;

  Clock& clock_;
  Log log_;
  StreamLimits limits_;
  WallTime now_{};
  StreamCounters counters_;
  Index index_;
  PubSub pubsub_;
  std::map<std::string, Output, std::less<>> outputs_;
  std::map<std::uint64_t, std::weak_ptr<Branch>> shared_;
  std::vector<Installed> installed_;
  std::vector<std::unique_ptr<Branch>> added_;
  std::vector<Event> queue_;
  StreamTimer queue_timer_;
  StreamTimer reaper_;
  StreamTimer reaper_goes_on_;
  std::size_t reaped_to_ = 0;  // slots of the index
  Event made_;                 // a failure's event
  std::uint64_t failures_logged_ = 0;
  bool failing_ = false;
};

}  // namespace berth::observe::streams
