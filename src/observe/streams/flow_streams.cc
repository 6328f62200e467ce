#include "base/check.h"
#include "base/units.h"
#include "observe/streams/event_buffer.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"
#include "observe/streams/tick_window.h"

// Streams that hand on fewer events, or later: throttle, rollup, batch, async_queue; and where
// failures go.

namespace berth::observe::streams {
namespace {

class Throttle final : public Node {
 public:
  Throttle(Links links, std::size_t n, Duration dt)
      : Node(std::move(links)), n_(n), window_(core(), dt, [this] { sent_ = 0; }) {}
  void take(const Event& event) override {
    if (admit()) pass(event);
  }
  void take_all(Batch batch) override {
    if (admit()) pass(batch);
  }

 private:
  bool admit() {
    window_.touch();
    return sent_ < n_ && ++sent_ > 0;
  }
  std::size_t n_;
  std::size_t sent_ = 0;
  TickWindow window_;
};

/// The first n of a window as vectors of one; the others as one vector at its end, which counts as
/// one of the next window's.
class Rollup final : public Node {
 public:
  Rollup(Links links, std::size_t n, Duration dt)
      : Node(std::move(links)), n_(n), held_(core()), out_(core()), window_(core(), dt, [this] {
          end();
        }) {}
  void take(const Event& event) override {
    window_.touch();
    if (sent_ >= n_) {
      held_.push(event);
      return;
    }
    ++sent_;
    const Event* one = &event;
    pass(Batch(&one, 1));
  }
  bool holding() const override { return !held_.empty(); }

 private:
  void end() {
    sent_ = held_.empty() ? 0 : 1;
    if (held_.empty()) return;
    out_.swap(held_);
    pass(out_.view());
    out_.clear();
  }
  std::size_t n_;
  std::size_t sent_ = 0;
  EventBuffer held_, out_;
  TickWindow window_;
};

/// A vector at n events, or at the window's end.
class Batching final : public Node {
 public:
  Batching(Links links, std::size_t n, Duration dt)
      : Node(std::move(links)), n_(n), held_(core()), out_(core()), window_(core(), dt, [this] {
          flush();
        }) {}
  void take(const Event& event) override {
    window_.touch();
    held_.push(event);
    if (held_.size() >= n_) flush();
  }
  bool holding() const override { return !held_.empty(); }

 private:
  void flush() {
    if (held_.empty()) return;
    out_.swap(held_);
    pass(out_.view());
    out_.clear();
  }
  std::size_t n_;
  EventBuffer held_, out_;
  TickWindow window_;
};

class AsyncQueue final : public Node {
 public:
  AsyncQueue(Links links, std::size_t size)
      : Node(std::move(links)), size_(size), held_(core()), out_(core()), timer_(core(), [this] {
          flush();
        }) {}
  void take(const Event& event) override {
    if (held_.size() >= size_ || !held_.push(event)) {
      ++core().counters().dropped;
      return fail(Error(Code::overloaded,
                        "async_queue is full with " + std::to_string(held_.size()) + " events"));
    }
    if (!timer_.running()) timer_.at(now());
  }
  bool holding() const override { return !held_.empty(); }

 private:
  void flush() {
    out_.swap(held_);
    for (auto* event : out_.view()) pass(*event);
    out_.clear();
  }
  std::size_t size_;
  EventBuffer held_, out_;
  StreamTimer timer_;
};

std::string counted(std::string name, std::size_t n, Duration dt) {
  check(dt > Duration(0), "an interval of no time");
  return name + " " + std::to_string(n) + " " + write_duration(dt);
}

}  // namespace

Spec throttle(std::size_t n, Duration dt, Specs children) {
  return make_spec<Throttle>(counted("throttle", n, dt), any_to_same, std::move(children), n, dt);
}

Spec rollup(std::size_t n, Duration dt, Specs children) {
  return make_spec<Rollup>(counted("rollup", n, dt), event_to_vector, std::move(children), n, dt);
}

Spec batch(std::size_t n, Duration dt, Specs children) {
  return make_spec<Batching>(counted("batch", n, dt), event_to_vector, std::move(children), n, dt);
}

Spec async_queue(std::size_t size, Specs children) {
  return make_spec<AsyncQueue>("async_queue " + std::to_string(size), event_to_event,
                               std::move(children), size);
}

Spec exception_stream(Spec exceptions, Specs children) {
  auto spec = make_spec<Fan>("exception_stream", any_to_same, std::move(children));
  spec->others.push_back(std::move(exceptions));
  spec->catches = true;
  return spec;
}

}  // namespace berth::observe::streams
