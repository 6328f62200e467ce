#include <cmath>
#include <unordered_map>

#include "base/check.h"
#include "base/units.h"
#include "observe/streams/event_buffer.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"
#include "observe/streams/tick_window.h"

// Streams that keep numbers from event to event: counter, ewma, apdex, clock_skew, predict_linear,
// project.

namespace berth::observe::streams {
namespace {

class Counter final : public Node {
 public:
  Counter(Links links, double initial) : Node(std::move(links)), count_(initial) {}
  void take(const Event& event) override {
    if (!event.metric) return pass(event);
    count_ = has_tag(event, "reset") ? *event.metric : count_ + *event.metric;
    room_ = event;
    room_.metric = count_;
    pass(room_);
  }

 private:
  double count_;
  Event room_;
};

class OverTime final : public Node {
 public:
  OverTime(Links links, bool mean) : Node(std::move(links)), mean_(mean) {}
  void take(const Event& event) override {
    room_ = event;
    if (event.metric) {
      sum_ += *event.metric;
      ++count_;
      room_.metric = mean_ ? sum_ / static_cast<double>(count_) : sum_;
    }
    pass(room_);
  }

 private:
  bool mean_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
  Event room_;
};

class Ewma final : public Node {
 public:
  Ewma(Links links, Duration halflife)
      : Node(std::move(links)), keeps_(std::exp(std::log(0.5) / seconds_of(halflife))) {}
  void take(const Event& event) override {
    room_ = event;
    if (event.metric) {
      WallTime time = has_time(event) ? event.time : WallTime();
      double ahead = time_ == no_time ? 0 : seconds_of(time - time_);
      double added = (1 - keeps_) * *event.metric;
      if (ahead > 0) {
        metric_ = added + metric_ * std::pow(keeps_, ahead);
      } else {
        metric_ += added * std::pow(keeps_, -ahead);
      }
      if (ahead > 0 || time_ == no_time) time_ = time;
      room_.metric = metric_;
      room_.time = time_;
    }
    pass(room_);
  }

 private:
  double keeps_;
  double metric_ = 0;
  WallTime time_ = no_time;
  Event room_;
};

class EwmaTimeless final : public Node {
 public:
  EwmaTimeless(Links links, double r) : Node(std::move(links)), r_(r) {}
  void take(const Event& event) override {
    room_ = event;
    if (event.metric) room_.metric = metric_ = r_ * *event.metric + (1 - r_) * metric_;
    pass(room_);
  }

 private:
  double r_;
  double metric_ = 0;
  Event room_;
};

class Apdex final : public Node {
 public:
  struct Terms {
    Predicate satisfied, tolerated;
  };
  Apdex(Links links, Duration dt, std::shared_ptr<const Terms> terms)
      : Node(std::move(links)), terms_(std::move(terms)), window_(core(), dt, [this] { end(); }) {}
  void take(const Event& event) override {
    window_.touch();
    if (expired(event, now())) return;
    auto satisfied = terms_->satisfied.holds(event, now());
    if (!satisfied.ok()) return fail(satisfied.error());
    auto tolerated = terms_->tolerated.holds(event, now());
    if (!tolerated.ok()) return fail(tolerated.error());
    points_ += *satisfied ? 1 : *tolerated ? 0.5 : 0;
    ++total_;
    last_ = event;
  }

 private:
  void end() {
    if (total_ > 0) {
      last_.metric = points_ / static_cast<double>(total_);
      pass(last_);
    }
    points_ = 0;
    total_ = 0;
  }

  std::shared_ptr<const Terms> terms_;
  double points_ = 0;
  std::uint64_t total_ = 0;
  Event last_;
  TickWindow window_;
};

/// What time each host thinks it is, as it went on since its last event; an event's metric becomes
/// how far it is ahead of the middle one.
class ClockSkew final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override {
    std::erase_if(hosts_, [this](auto& each) { return each.second.ends < now(); });
    if (expired(event, now())) {
      hosts_.erase(event.host);
      return pass(event);
    }
    if (!has_time(event)) return pass(event);
    if (!hosts_.contains(event.host) && hosts_.size() >= core().limits().held_events_max) {
      ++core().counters().dropped;
      return;
    }
    Duration ttl = event.ttl == Duration(0) ? default_ttl : event.ttl;
    hosts_[event.host] = {event.time - now(), event.time + ttl};
    offsets_.clear();
    for (auto& [host, each] : hosts_) offsets_.push_back(each.ahead);
    auto middle = offsets_.begin() + static_cast<std::ptrdiff_t>(offsets_.size() / 2);
    std::ranges::nth_element(offsets_, middle);
    room_ = event;
    room_.metric = seconds_of(event.time - now() - *middle);
    pass(room_);
  }

 private:
  struct Host {
    Duration ahead;
    WallTime ends;
  };
  std::unordered_map<std::string, Host> hosts_;
  std::vector<Duration> offsets_;
  Event room_;
};

class PredictLinear final : public Node {
 public:
  PredictLinear(Links links, std::size_t n, Duration ahead, std::optional<Duration> rebuild)
      : Node(std::move(links)), n_(n), ahead_(ahead), rebuild_(rebuild), window_(core()) {}
  void take(const Event& event) override {
    if (!event.metric || !has_time(event)) return;
    if (window_.size() == n_) window_.pop_front();
    window_.push(event);
    if (window_.size() < 2) return;
    if (!rebuild_ || built_ == no_time || now() - built_ > *rebuild_) build();
    if (!has_line_) return;
    room_ = event;
    room_.metric = intercept_ + slope_ * seconds_of(event.time + ahead_ - origin_);
    pass(room_);
  }

 private:
  // Times are taken from the window's first on, or the squares of seconds since 1970 would leave
  // no digits for the slope.
  void build() {
    origin_ = window_.front().time;
    double count = static_cast<double>(window_.size()), x_sum = 0, y_sum = 0;
    for (auto* each : window_.view()) {
      x_sum += seconds_of(each->time - origin_);
      y_sum += *each->metric;
    }
    double x_mean = x_sum / count, y_mean = y_sum / count, xy = 0, xx = 0;
    for (auto* each : window_.view()) {
      double x = seconds_of(each->time - origin_) - x_mean;
      xy += x * (*each->metric - y_mean);
      xx += x * x;
    }
    has_line_ = xx > 0;
    if (!has_line_) return;
    slope_ = xy / xx;
    intercept_ = y_mean - slope_ * x_mean;
    built_ = now();
  }

  std::size_t n_;
  Duration ahead_;
  std::optional<Duration> rebuild_;
  EventBuffer window_;
  bool has_line_ = false;
  double slope_ = 0, intercept_ = 0;
  WallTime origin_{}, built_ = no_time;
  Event room_;
};

class Project final : public Node {
 public:
  Project(Links links, std::shared_ptr<const std::vector<Predicate>> basis)
      : Node(std::move(links)), basis_(std::move(basis)), last_(basis_->size()) {}
  void take(const Event& event) override {
    bool any = false;
    for (std::size_t i = 0; i < basis_->size(); ++i) {
      auto holds = (*basis_)[i].holds(event, now());
      if (!holds.ok()) {
        fail(holds.error());
      } else if (*holds) {
        last_[i] = event;
        any = true;
      }
    }
    if (!any) return;
    views_.assign(last_.size(), nullptr);
    for (std::size_t i = 0; i < last_.size(); ++i) {
      if (!last_[i]) continue;
      if (expired(*last_[i], now())) expire(*last_[i], now(), *last_[i]);
      views_[i] = &*last_[i];
    }
    pass(Batch(views_));
    for (auto& each : last_) {
      if (each && each->state == "expired") each.reset();
    }
  }

 private:
  std::shared_ptr<const std::vector<Predicate>> basis_;
  std::vector<std::optional<Event>> last_;
  std::vector<const Event*> views_;
};

}  // namespace

Spec counter(double initial, Specs children) {
  return make_spec<Counter>("counter " + text_of(FieldValue(initial)), event_to_event,
                            std::move(children), initial);
}

Spec sum_over_time(Specs children) {
  return make_spec<OverTime>("sum_over_time", event_to_event, std::move(children), false);
}

Spec mean_over_time(Specs children) {
  return make_spec<OverTime>("mean_over_time", event_to_event, std::move(children), true);
}

Spec ewma(Duration halflife, Specs children) {
  check(halflife > Duration(0), "a half-life of no time");
  return make_spec<Ewma>("ewma " + write_duration(halflife), event_to_event, std::move(children),
                         halflife);
}

Spec ewma_timeless(double r, Specs children) {
  return make_spec<EwmaTimeless>("ewma_timeless " + text_of(FieldValue(r)), event_to_event,
                                 std::move(children), r);
}

Spec apdex(Duration dt, Predicate satisfied, Predicate tolerated, Specs children) {
  check(dt > Duration(0), "an interval of no time");
  std::string text =
      "apdex " + write_duration(dt) + " (" + satisfied.text() + ") (" + tolerated.text() + ")";
  return make_spec<Apdex>(
      std::move(text), event_to_event, std::move(children), dt,
      std::make_shared<const Apdex::Terms>(std::move(satisfied), std::move(tolerated)));
}

Spec clock_skew(Specs children) {
  return make_spec<ClockSkew>("clock_skew", event_to_event, std::move(children));
}

Spec predict_linear(std::size_t n, Duration s, std::optional<Duration> rebuild, Specs children) {
  check(n > 1, "a line needs two events");
  std::string text = "predict_linear " + std::to_string(n) + " " + write_duration(s);
  if (rebuild) text += " " + write_duration(*rebuild);
  return make_spec<PredictLinear>(std::move(text), event_to_event, std::move(children), n, s,
                                  rebuild);
}

Spec project(std::vector<Predicate> basis, Specs children) {
  std::string text = "project";
  for (auto& each : basis) text += " (" + each.text() + ")";
  return make_spec<Project>(std::move(text), event_to_vector, std::move(children),
                            std::make_shared<const std::vector<Predicate>>(std::move(basis)));
}

}  // namespace berth::observe::streams
