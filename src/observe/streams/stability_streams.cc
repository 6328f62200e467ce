#include "base/units.h"
#include "observe/streams/event_buffer.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/stream_timer.h"
#include "observe/streams/streams.h"

// Streams that look for changes, and for what does not change.

namespace berth::observe::streams {
namespace {

class Changed final : public Node {
 public:
  Changed(Links links, Reading reading, ChangedOptions options)
      : Node(std::move(links)),
        reading_(std::move(reading)),
        previous_(std::move(options.initial)),
        pairs_(options.pairs) {}
  void take(const Event& event) override {
    auto value = reading_.get(event, room_);
    if (!value.ok()) return fail(value.error());
    bool same = equal(view(previous_), *value);
    if (!same) keep(previous_, *value);
    if (pairs_) {
      if (!same) {
        const Event* both[] = {seen_ ? &last_ : nullptr, &event};
        pass(Batch(both));
      }
      last_ = event;
      seen_ = true;
    } else if (!same) {
      pass(event);
    }
  }

 private:
  Reading reading_;
  FieldValue previous_, room_;
  bool pairs_;
  bool seen_ = false;
  Event last_;
};

/// Holds events back after a change until the value has stood for dt, by the events' times or, when
/// none comes, by the clock.
class Stable final : public Node {
 public:
  Stable(Links links, Duration dt, Reading reading)
      : Node(std::move(links)),
        dt_(dt),
        reading_(std::move(reading)),
        buffer_(core()),
        out_(core()),
        timer_(core(), [this] { time_out(); }) {}
  void take(const Event& event) override {
    auto value = reading_.get(event, room_);
    if (!value.ok()) return fail(value.error());
    if (!known_ || !equal(view(previous_), *value)) {
      known_ = true;
      keep(previous_, *value);
      buffer_.clear();
      buffer_.push(event);
      timer_.at(time_of(event) + dt_);
    } else if (buffer_.empty()) {
      pass(event);
    } else {
      buffer_.push(event);
      if (time_of(event) - time_of(buffer_.front()) >= dt_) flush();
    }
  }
  bool holding() const override { return !buffer_.empty(); }

 private:
  WallTime time_of(const Event& event) const { return has_time(event) ? event.time : now(); }
  void time_out() {
    if (!buffer_.empty() && now() - time_of(buffer_.front()) >= dt_) flush();
  }
  void flush() {
    timer_.stop();
    out_.swap(buffer_);
    buffer_.clear();
    for (auto* event : out_.view()) pass(*event);
    out_.clear();
  }

  Duration dt_;
  Reading reading_;
  bool known_ = false;
  FieldValue previous_, room_;
  EventBuffer buffer_, out_;
  StreamTimer timer_;
};

/// Counts how long the value has been the same instead of keeping the window.
class Runs final : public Node {
 public:
  Runs(Links links, std::size_t length, Reading reading)
      : Node(std::move(links)), length_(length), reading_(std::move(reading)) {}
  void take(const Event& event) override {
    auto value = reading_.get(event, room_);
    if (!value.ok()) return fail(value.error());
    if (run_ > 0 && equal(view(previous_), *value)) {
      ++run_;
    } else {
      keep(previous_, *value);
      run_ = 1;
    }
    if (length_ > 0 && run_ >= length_) pass(event);
  }

 private:
  std::size_t length_;
  Reading reading_;
  std::size_t run_ = 0;
  FieldValue previous_, room_;
};

}  // namespace

Spec changed(Reading reading, Specs children, ChangedOptions options) {
  std::string text = "changed " + reading.text() + (options.pairs ? " pairs" : "") + " from " +
                     std::to_string(options.initial.index()) + text_of(options.initial);
  return make_spec<Changed>(std::move(text), options.pairs ? event_to_vector : event_to_event,
                            std::move(children), std::move(reading), std::move(options));
}

Spec stable(Duration dt, Reading reading, Specs children) {
  std::string text = "stable " + write_duration(dt) + " " + reading.text();
  return make_spec<Stable>(std::move(text), event_to_event, std::move(children), dt,
                           std::move(reading));
}

Spec runs(std::size_t length, Reading reading, Specs children) {
  std::string text = "runs " + std::to_string(length) + " " + reading.text();
  return make_spec<Runs>(std::move(text), event_to_event, std::move(children), length,
                         std::move(reading));
}

}  // namespace berth::observe::streams
