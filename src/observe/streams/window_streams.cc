#include "base/check.h"
#include "base/units.h"
#include "observe/streams/event_buffer.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"

// Streams that hand on several events at once: windows by count, and by the events' own times.

namespace berth::observe::streams {
namespace {

class MovingEventWindow final : public Node {
 public:
  MovingEventWindow(Links links, std::size_t n) : Node(std::move(links)), n_(n), window_(core()) {}
  void take(const Event& event) override {
    if (n_ > 0) {
      if (window_.size() == n_) window_.pop_front();
      window_.push(event);
    }
    pass(window_.view());
  }

 private:
  std::size_t n_;
  EventBuffer window_;
};

class FixedEventWindow final : public Node {
 public:
  FixedEventWindow(Links links, std::size_t n) : Node(std::move(links)), n_(n), window_(core()) {}
  void take(const Event& event) override {
    if (n_ == 0) return;
    window_.push(event);
    if (window_.size() < n_) return;
    pass(window_.view());
    window_.clear();
  }

 private:
  std::size_t n_;
  EventBuffer window_;
};

class MovingTimeWindow final : public Node {
 public:
  MovingTimeWindow(Links links, Duration n) : Node(std::move(links)), n_(n), window_(core()) {}
  void take(const Event& event) override {
    if (has_time(event) && event.time - n_ > cutoff_) {
      cutoff_ = event.time - n_;
      drop_old();
    }
    if (has_time(event) && event.time <= cutoff_) return;
    window_.push(event);
    pass(window_.view());
  }

 private:
  // Most events come in the order of their times: then the old ones are at the front.
  void drop_old() {
    auto old = [this](const Event& each) { return has_time(each) && each.time <= cutoff_; };
    while (!window_.empty() && old(window_.front())) window_.pop_front();
    for (auto* each : window_.view()) {
      if (!old(*each)) continue;
      window_.retain([&](const Event& event) { return !old(event); });
      return;
    }
  }

  Duration n_;
  WallTime cutoff_{};
  EventBuffer window_;
};

/// fixed_time_window begins at the first event's time, fixed_offset_time_window at a multiple of n.
class FixedTimeWindow final : public Node {
 public:
  FixedTimeWindow(Links links, Duration n, bool aligned)
      : Node(std::move(links)), n_(n), aligned_(aligned), window_(core()) {}
  void take(const Event& event) override {
    if (!has_time(event)) {
      window_.push(event);
    } else if (start_ == no_time) {
      start_ = aligned_ ? event.time - Duration(remainder(event.time.nanoseconds)) : event.time;
      window_.clear();
      window_.push(event);
    } else if (event.time >= start_ + n_) {
      end_windows((event.time - start_) / n_);
      window_.push(event);
    } else if (event.time >= start_) {
      window_.push(event);
    }
  }

 private:
  std::int64_t remainder(std::int64_t time) const {
    std::int64_t n = n_.count();
    return ((time % n) + n) % n;
  }
  void end_windows(std::int64_t windows) {
    start_ = start_ + windows * n_;
    pass(window_.view());
    window_.clear();
    auto most = static_cast<std::int64_t>(core().limits().empty_windows_max);
    if (windows - 1 > most) ++core().counters().dropped;
    for (std::int64_t i = 0; i < std::min(windows - 1, most); ++i) pass(Batch());
  }

  Duration n_;
  bool aligned_;
  WallTime start_ = no_time;
  EventBuffer window_;
};

}  // namespace

Spec moving_event_window(std::size_t n, Specs children) {
  return make_spec<MovingEventWindow>("moving_event_window " + std::to_string(n), event_to_vector,
                                      std::move(children), n);
}

Spec fixed_event_window(std::size_t n, Specs children) {
  return make_spec<FixedEventWindow>("fixed_event_window " + std::to_string(n), event_to_vector,
                                     std::move(children), n);
}

Spec moving_time_window(Duration n, Specs children) {
  return make_spec<MovingTimeWindow>("moving_time_window " + write_duration(n), event_to_vector,
                                     std::move(children), n);
}

Spec fixed_time_window(Duration n, Specs children) {
  check(n > Duration(0), "a window of no time");
  return make_spec<FixedTimeWindow>("fixed_time_window " + write_duration(n), event_to_vector,
                                    std::move(children), n, false);
}

Spec fixed_offset_time_window(Duration n, Specs children) {
  check(n > Duration(0), "a window of no time");
  return make_spec<FixedTimeWindow>("fixed_offset_time_window " + write_duration(n),
                                    event_to_vector, std::move(children), n, true);
}

}  // namespace berth::observe::streams
