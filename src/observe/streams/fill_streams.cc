#include "base/check.h"
#include "base/units.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"
#include "observe/streams/until_expired.h"

// Streams that put events where none came: fill_in, fill_in_last, interpolate_constant.

namespace berth::observe::streams {
namespace {

/// Hands on everything, and what `fill` makes whenever the interval passes without an event.
class Filling : public Node {
 public:
  Filling(Links links, Duration interval)
      : Node(std::move(links)), interval_(interval), timer_(core(), [this] { fill(); }) {}
  void take(const Event& event) override {
    seen(event);
    if (expired(event, now())) {
      timer_.stop();
    } else {
      begin();
    }
    pass(event);
  }

 protected:
  void begin() { timer_.every(now() + interval_, interval_); }
  virtual void seen(const Event&) {}
  virtual void fill() = 0;

 private:
  Duration interval_;
  StreamTimer timer_;
};

class FillIn final : public Filling {
 public:
  FillIn(Links links, Duration interval, Event given)
      : Filling(std::move(links), interval), given_(std::move(given)) {
    begin();
  }

 private:
  void fill() override {
    given_.time = now();
    pass(given_);
  }
  Event given_;
};

class FillInLast final : public Filling {
 public:
  FillInLast(Links links, Duration interval, EventFunction update)
      : Filling(std::move(links), interval), update_(std::move(update)) {}

 private:
  void seen(const Event& event) override { last_ = event; }
  void fill() override {
    room_ = last_;
    auto made = update_.apply(last_, room_);
    if (!made.ok()) return fail(made.error());
    if (!*made) return;
    room_.time = now();
    pass(room_);
  }
  EventFunction update_;
  Event last_, room_;
};

/// The last event at each interval, with the time of the clock; an expired one at once.
class InterpolateConstant final : public Node {
 public:
  InterpolateConstant(Links links, Duration interval)
      : Node(std::move(links)), poller_(core(), interval, Duration(0), [this] { tick(); }) {}
  void take(const Event& event) override {
    last_ = event;
    if (!poller_.take(event)) pass(event);
  }

 private:
  void tick() {
    last_.time = now();
    pass(last_);
  }
  Event last_;
  UntilExpired poller_;
};

Duration positive(Duration interval) {
  check(interval > Duration(0), "an interval of no time");
  return interval;
}

std::string text_of_event(const Event& event) {
  std::string out;
  for (auto* text : {&event.host, &event.service, &event.state, &event.description}) {
    out += " \"" + *text + "\"";
  }
  if (event.metric) out += " " + text_of(FieldValue(*event.metric));
  for (auto& each : event.tags) out += " #" + each;
  for (auto& [key, value] : event.attributes) out += " " + key + "=" + value;
  return out + " " + write_duration(event.ttl);
}

}  // namespace

Spec fill_in(Duration interval, Event given, Specs children) {
  std::string text = "fill_in " + write_duration(positive(interval)) + text_of_event(given);
  return make_spec<FillIn>(std::move(text), event_to_event, std::move(children), interval,
                           std::move(given));
}

Spec fill_in_last_by(Duration interval, EventFunction update, Specs children) {
  std::string text = "fill_in_last " + write_duration(positive(interval)) + " " + update.text;
  return make_spec<FillInLast>(std::move(text), event_to_event, std::move(children), interval,
                               std::move(update));
}

Spec fill_in_last(Duration interval, Settings update, Specs children) {
  std::string text = text_of(update);
  return fill_in_last_by(interval,
                         {text,
                          [update = std::move(update)](const Event&, Event& out) -> Result<bool> {
                            for (auto& each : update) each.field.set(out, each.value);
                            return true;
                          }},
                         std::move(children));
}

Spec interpolate_constant(Duration interval, Specs children) {
  return make_spec<InterpolateConstant>(
      "interpolate_constant " + write_duration(positive(interval)), event_to_event,
      std::move(children), interval);
}

}  // namespace berth::observe::streams
