#include <algorithm>
#include <list>
#include <unordered_map>

#include "base/hash.h"
#include "base/units.h"
#include "observe/streams/core.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"

// Streams that keep several paths apart: by, dual, top.

namespace berth::observe::streams {
namespace {

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return hash64(key); }
};

/// What all `by` of one spec have in common.
struct ByTerms {
  Readings readings;
  Specs children;   // of each fork, unless there is a maker
  ForkMaker maker;  // of by_builder
  ByOptions options;
};

/// A Branch for each key. A fork that got nothing for `idle` and holds nothing back is ended with
/// its timers; beyond forks_max the one that is idle for longest goes. Riemann keeps all for ever.
class By final : public Node {
 public:
  By(Links links, std::shared_ptr<const ByTerms> terms)
      : Node(std::move(links)),
        terms_(std::move(terms)),
        rooms_(terms_->readings.size()),
        sweeper_(core(), [this] { sweep(); }) {}

  void take(const Event& event) override {
    key_.clear();
    for (std::size_t i = 0; i < terms_->readings.size(); ++i) {
      auto value = terms_->readings[i].get(event, rooms_[i]);
      if (!value.ok()) return fail(value.error());
      append_key(key_, *value);
    }
    auto found = forks_.find(key_);
    if (found == forks_.end()) {
      auto made = make(event);
      if (!made.ok()) return fail(made.error());
      found = *made;
    }
    Fork& fork = found->second;
    fork.used = now();
    if (fork.place != std::prev(order_.end())) order_.splice(order_.end(), order_, fork.place);
    fork.branch->take(event);
  }
  bool holding() const override {
    return std::ranges::any_of(forks_, [](auto& each) { return each.second.branch->holding(); });
  }

 private:
  struct Fork {
    std::unique_ptr<Branch> branch;
    WallTime used;
    std::list<const std::string*>::iterator place;  // in order_
  };
  using Forks = std::unordered_map<std::string, Fork, KeyHash, std::equal_to<>>;

  Result<Forks::iterator> make(const Event& event) {
    Specs specs = terms_->children;
    if (terms_->maker) {
      std::vector<FieldValue> values(terms_->readings.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        keep(values[i], TRY(terms_->readings[i].get(event, rooms_[i])));
      }
      specs = TRY(terms_->maker(values));
      for (auto& spec : specs) TRY(check_shapes(*spec));
    }
    if (forks_.size() >= terms_->options.forks_max.value_or(core().limits().forks_max)) {
      end(forks_.find(*order_.front()));
    }
    auto made = forks_.emplace(key_, Fork{}).first;
    made->second.branch = Branch::make(core(), specs, links().exceptions);
    made->second.used = now();
    made->second.place = order_.insert(order_.end(), &made->first);
    if (!sweeper_.running()) sweeper_.at(now() + idle());
    return made;
  }

  Duration idle() const { return terms_->options.idle.value_or(core().limits().fork_idle); }

  void end(Forks::iterator fork) {
    order_.erase(fork->second.place);
    forks_.erase(fork);
    ++core().counters().forks_ended;
  }

  // From the longest idle one on; one that holds something back is asked again later.
  void sweep() {
    WallTime limit = now() - idle();
    for (auto at = order_.begin(); at != order_.end();) {
      auto fork = forks_.find(**at++);
      if (fork->second.used > limit) break;
      if (!fork->second.branch->holding()) end(fork);
    }
    if (order_.empty()) return;
    WallTime next = forks_.find(*order_.front())->second.used + idle();
    sweeper_.at(std::max(next, now() + idle() / 8 + Duration(1)));
  }

  std::shared_ptr<const ByTerms> terms_;
  std::string key_;
  std::vector<FieldValue> rooms_;
  Forks forks_;
  std::list<const std::string*> order_;  // keys, longest idle first
  StreamTimer sweeper_;
};

/// The children are the streams for true, the others those for false.
class Dual final : public Node {
 public:
  Dual(Links links, std::shared_ptr<const Predicate> predicate)
      : Node(std::move(links)), predicate_(std::move(predicate)) {}
  void take(const Event& event) override {
    auto holds = predicate_->holds(event, now());
    if (!holds.ok()) return fail(holds.error());
    if (expired(event, now())) {
      pass(event);
      pass_other(event);
      return;
    }
    expire(event, now(), expired_);
    if (*holds) {
      pass_other(expired_);
      pass(event);
    } else {
      pass(expired_);
      pass_other(event);
    }
  }

 private:
  std::shared_ptr<const Predicate> predicate_;
  Event expired_;
};

/// The k events with the greatest readings, by host and service; found again by looking at all k.
class Top final : public Node {
 public:
  Top(Links links, std::size_t k, Reading reading)
      : Node(std::move(links)), k_(k), reading_(std::move(reading)) {}
  void take(const Event& event) override {
    auto value = reading_.get(event, room_);
    if (!value.ok()) return fail(value.error());
    bool gone = expired(event, now());
    bool in = update(event, *value, gone || is_nothing(*value));
    if (gone) {
      pass(event);
      return pass_other(event);
    }
    if (in && out_ && !links().others.empty()) {
      expire(*out_, now(), expired_);
      pass(expired_);
      pass_other(*out_);
    }
    expire(event, now(), expired_);
    in ? pass_other(expired_) : pass(expired_);
    in ? pass(event) : pass_other(event);
  }

 private:
  struct Entry {
    Event event;
    FieldValue value;
  };

  // riemann streams.clj, top-update. True if the event is among the top now; out_: whom it pushed.
  bool update(const Event& event, const Value& value, bool irrelevant) {
    out_.reset();
    auto own = std::ranges::find_if(top_, [&](auto& each) {
      return each.event.host == event.host && each.event.service == event.service;
    });
    if (irrelevant) {
      if (own != top_.end()) top_.erase(own);
      return false;
    }
    if (own != top_.end()) {
      own->event = event;
      keep(own->value, value);
      return true;
    }
    if (k_ == 0) return false;
    if (top_.size() >= k_) {
      auto smallest = std::ranges::min_element(
          top_, [](auto& a, auto& b) { return compare(view(a.value), view(b.value)) < 0; });
      if (compare(value, view(smallest->value)) <= 0) return false;
      out_ = std::move(smallest->event);
      top_.erase(smallest);
    }
    top_.push_back({event, {}});
    keep(top_.back().value, value);
    return true;
  }

  std::size_t k_;
  Reading reading_;
  std::vector<Entry> top_;
  std::optional<Event> out_;
  FieldValue room_;
  Event expired_;
};

std::string options_text(const ByOptions& options) {
  std::string out;
  if (options.idle) out += " idle=" + write_duration(*options.idle);
  if (options.forks_max) out += " forks_max=" + std::to_string(*options.forks_max);
  return out;
}

std::shared_ptr<StreamSpec> forking(std::string text, std::shared_ptr<const ByTerms> terms) {
  Specs children = terms->children;
  auto spec = make_spec<By>(std::move(text), event_to_event, std::move(children), std::move(terms));
  spec->forks = true;
  return spec;
}

}  // namespace

Spec by(Readings readings, Specs children, ByOptions options) {
  std::string text = "by" + text_of(readings) + options_text(options);
  return forking(std::move(text), std::make_shared<const ByTerms>(ByTerms{
                                      std::move(readings), std::move(children), {}, options}));
}

Spec by_builder(Readings readings, std::string text, ForkMaker maker, ByOptions options) {
  std::string all = "by_builder" + text_of(readings) + options_text(options) + " " + text;
  return forking(std::move(all), std::make_shared<const ByTerms>(
                                     ByTerms{std::move(readings), {}, std::move(maker), options}));
}

Spec changed_state(Specs children) {
  return by({"host", "service"}, {changed("state", std::move(children))});
}

Spec dual(Predicate predicate, Specs if_true, Specs if_false) {
  std::string text = "dual " + predicate.text();
  auto spec = make_spec<Dual>(std::move(text), event_to_event, std::move(if_true),
                              std::make_shared<const Predicate>(std::move(predicate)));
  spec->others = std::move(if_false);
  return spec;
}

Spec top(std::size_t k, Reading reading, Specs top, Specs bottom) {
  std::string text = "top " + std::to_string(k) + " " + reading.text();
  auto spec =
      make_spec<Top>(std::move(text), event_to_event, std::move(top), k, std::move(reading));
  spec->others = std::move(bottom);
  return spec;
}

Spec shared(const Spec& spec) {
  auto out = std::make_shared<StreamSpec>(*spec);
  out->shared = true;
  return out;
}

}  // namespace berth::observe::streams
