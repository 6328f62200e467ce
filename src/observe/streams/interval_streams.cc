#include <unordered_map>

#include "base/check.h"
#include "base/hash.h"
#include "base/units.h"
#include "observe/streams/event_buffer.h"
#include "observe/streams/folds.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"
#include "observe/streams/until_expired.h"

// Streams that hand on at intervals of the clock: rate, ddt, percentiles, fold_interval, coalesce.

namespace berth::observe::streams {
namespace {

/// The sum of metrics over the interval, a second; the newest event with a metric as template. Its
/// ttl falls with each interval that brings nothing.
class Rate final : public Node {
 public:
  Rate(Links links, Duration interval)
      : Node(std::move(links)),
        interval_(interval),
        poller_(core(), interval, interval, [this] { tick(); }) {}
  void take(const Event& event) override {
    if (event.metric) {
      last_ = event;
      if (last_.ttl != Duration(0)) last_.ttl += interval_;
      seen_ = true;
      sum_ += *event.metric;
    }
    poller_.take(event);
  }

 private:
  void tick() {
    if (!seen_) return;
    last_.metric = std::exchange(sum_, 0) / seconds_of(interval_);
    last_.time = now();
    if (last_.ttl != Duration(0)) last_.ttl = std::max(last_.ttl - interval_, Duration(1));
    pass(last_);
  }

  Duration interval_;
  double sum_ = 0;
  bool seen_ = false;
  Event last_;
  UntilExpired poller_;
};

class DdtEvents final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override {
    if (!event.metric || !has_time(event)) return;
    if (seen_ && event.time != time_) {
      room_ = event;
      room_.metric = (*event.metric - metric_) / seconds_of(event.time - time_);
      pass(room_);
    }
    seen_ = true;
    metric_ = *event.metric;
    time_ = event.time;
  }

 private:
  bool seen_ = false;
  double metric_ = 0;
  WallTime time_{};
  Event room_;
};

/// At each interval the difference of its last event to that of the one before.
class DdtInterval final : public Node {
 public:
  DdtInterval(Links links, Duration interval)
      : Node(std::move(links)), poller_(core(), interval, Duration(0), [this] { tick(); }) {}
  void take(const Event& event) override {
    if (event.metric && has_time(event)) {
      newest_ = event;
      has_newest_ = true;
    }
    poller_.take(event);
  }

 private:
  void tick() {
    if (!has_newest_ && !seen_) return;
    bool before = seen_;
    double metric = metric_;
    WallTime time = time_;
    if (has_newest_) {
      room_ = newest_;
      metric_ = *newest_.metric;
      time_ = newest_.time;
      seen_ = true;
      has_newest_ = false;
    }
    if (!before) return;
    room_.metric = time_ == time ? 0 : (metric_ - metric) / seconds_of(time_ - time);
    room_.time = now();
    pass(room_);
  }

  Event newest_, room_;  // room_: the last interval's, with what is handed on in it
  bool has_newest_ = false;
  bool seen_ = false;
  double metric_ = 0;  // of the last interval's event
  WallTime time_{};
  UntilExpired poller_;
};

/// A bin of events each interval (riemann streams.clj, part-time-fast). An expired event throws the
/// bin away, and so does the end of the last event's ttl.
class Bin {
 public:
  Bin(StreamCore& core, Duration interval, StreamTimer::Tick finish)
      : events(core),
        poller_(core, interval, interval, std::move(finish), [this] { events.clear(); }) {}
  void take(const Event& event, bool counts) {
    if (!poller_.take(event)) {
      events.clear();
    } else if (counts) {
      events.push(event);
    }
  }
  EventBuffer events;

 private:
  UntilExpired poller_;
};

class Percentiles final : public Node {
 public:
  Percentiles(Links links, Duration interval, std::shared_ptr<const Points> points)
      : Node(std::move(links)),
        points_(std::move(points)),
        bin_(core(), interval, [this] { finish(); }) {}
  void take(const Event& event) override { bin_.take(event, event.metric.has_value()); }

 private:
  void finish() {
    rank(bin_.events.view(), sorted_);
    for (auto& point : *points_) {
      if (sorted_.empty()) break;
      room_ = *sorted_[sample_place(sorted_.size(), point.at)].event;
      room_.service += point.suffix;
      pass(room_);
    }
    bin_.events.clear();
  }

  std::shared_ptr<const Points> points_;
  std::vector<Ranked> sorted_;
  Event room_;
  Bin bin_;
};

class FoldInterval final : public Node {
 public:
  FoldInterval(Links links, Duration interval, Field field, NumberFold fold)
      : Node(std::move(links)),
        field_(std::move(field)),
        fold_(std::move(fold)),
        bin_(core(), interval, [this] { finish(); }) {}
  void take(const Event& event) override {
    bin_.take(event, std::holds_alternative<double>(field_.get(event)));
  }

 private:
  void finish() {
    if (bin_.events.empty()) return;
    numbers_.clear();
    for (auto* event : bin_.events.view()) numbers_.push_back(std::get<double>(field_.get(*event)));
    room_ = bin_.events.back();
    field_.set(room_, fold_.apply(numbers_));
    pass(room_);
    bin_.events.clear();
  }

  Field field_;
  NumberFold fold_;
  std::vector<double> numbers_;
  Event room_;
  Bin bin_;
};

/// The last event of each host and service, all at once each dt; an expired one once more.
class Coalesce final : public Node {
 public:
  Coalesce(Links links, Duration dt)
      : Node(std::move(links)), poller_(core(), dt, Duration(0), [this] { tick(); }) {}
  void take(const Event& event) override {
    key_.clear();
    append_key(key_, std::string_view(event.service));
    append_key(key_, std::string_view(event.host));
    auto found = places_.find(key_);
    if (found != places_.end()) {
      *events_[found->second] = event;
    } else if (events_.size() < core().limits().held_events_max) {
      places_.emplace(key_, events_.size());
      keys_.push_back(key_);
      events_.push_back(std::make_unique<Event>(event));
    } else {
      ++core().counters().dropped;
    }
    poller_.take(event);
  }

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return hash64(key); }
  };

  void tick() {
    views_.clear();
    for (auto& event : events_) views_.push_back(event.get());
    gone_.clear();
    for (std::size_t at = events_.size(); at-- > 0;) {
      if (expired(*events_[at], now())) forget(at);
    }
    pass(Batch(views_));
    gone_.clear();
  }
  // Keeps the event itself until it was handed on.
  void forget(std::size_t at) {
    places_.erase(keys_[at]);
    gone_.push_back(std::move(events_[at]));
    if (at + 1 < events_.size()) {
      events_[at] = std::move(events_.back());
      keys_[at] = std::move(keys_.back());
      places_[keys_[at]] = at;
    }
    events_.pop_back();
    keys_.pop_back();
  }

  std::string key_;
  std::unordered_map<std::string, std::size_t, KeyHash, std::equal_to<>> places_;
  std::vector<std::string> keys_;
  std::vector<std::unique_ptr<Event>> events_, gone_;
  std::vector<const Event*> views_;
  UntilExpired poller_;
};

Duration positive(Duration interval) {
  check(interval > Duration(0), "an interval of no time");
  return interval;
}

}  // namespace

Spec rate(Duration interval, Specs children) {
  return make_spec<Rate>("rate " + write_duration(positive(interval)), event_to_event,
                         std::move(children), interval);
}

Spec ddt(Specs children) {
  return make_spec<DdtEvents>("ddt", event_to_event, std::move(children));
}

Spec ddt(Duration interval, Specs children) {
  return make_spec<DdtInterval>("ddt " + write_duration(positive(interval)), event_to_event,
                                std::move(children), interval);
}

Spec percentiles(Duration interval, Points points, Specs children) {
  std::string text = "percentiles " + write_duration(positive(interval));
  for (auto& each : points) text += " " + text_of(FieldValue(each.at)) + "=\"" + each.suffix + "\"";
  return make_spec<Percentiles>(std::move(text), event_to_event, std::move(children), interval,
                                std::make_shared<const Points>(std::move(points)));
}

Spec fold_interval(Duration interval, Field field, NumberFold fold, Specs children) {
  std::string text =
      "fold_interval " + write_duration(positive(interval)) + " " + field.name() + " " + fold.text;
  return make_spec<FoldInterval>(std::move(text), event_to_event, std::move(children), interval,
                                 std::move(field), std::move(fold));
}

Spec fold_interval_metric(Duration interval, NumberFold fold, Specs children) {
  return fold_interval(interval, "metric", std::move(fold), std::move(children));
}

Spec coalesce(Duration dt, Specs children) {
  return make_spec<Coalesce>("coalesce " + write_duration(positive(dt)), event_to_vector,
                             std::move(children), dt);
}

}  // namespace berth::observe::streams
