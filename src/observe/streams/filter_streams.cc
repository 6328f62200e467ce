#include <algorithm>

#include "base/check.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"

// Streams that hand on some of the events.

namespace berth::observe::streams {
namespace {

using SharedPredicate = std::shared_ptr<const Predicate>;

class Where final : public Node {
 public:
  Where(Links links, SharedPredicate predicate)
      : Node(std::move(links)), predicate_(std::move(predicate)) {}
  void take(const Event& event) override {
    auto holds = predicate_->holds(event, now());
    if (!holds.ok()) return fail(holds.error());
    *holds ? pass(event) : pass_other(event);
  }

 private:
  SharedPredicate predicate_;
};

class Over final : public Node {
 public:
  Over(Links links, double x) : Node(std::move(links)), x_(x) {}
  void take(const Event& event) override {
    if (event.metric && *event.metric > x_) pass(event);
  }

 private:
  double x_;
};

class Under final : public Node {
 public:
  Under(Links links, double x) : Node(std::move(links)), x_(x) {}
  void take(const Event& event) override {
    if (event.metric && *event.metric < x_) pass(event);
  }

 private:
  double x_;
};

class Expired final : public Node {
 public:
  Expired(Links links, bool wanted) : Node(std::move(links)), wanted_(wanted) {}
  void take(const Event& event) override {
    if (expired(event, now()) == wanted_) pass(event);
  }

 private:
  bool wanted_;
};

/// Its children are the clauses' streams, in order; its others the stream for the rest.
class Split final : public Node {
 public:
  using Predicates = std::shared_ptr<const std::vector<Predicate>>;
  Split(Links links, Predicates predicates)
      : Node(std::move(links)), predicates_(std::move(predicates)) {}
  void take(const Event& event) override {
    for (std::size_t i = 0; i < predicates_->size(); ++i) {
      auto holds = (*predicates_)[i].holds(event, now());
      if (!holds.ok()) return fail(holds.error());
      if (*holds) return links().children[i]->take(event);
    }
    pass_other(event);
  }

 private:
  Predicates predicates_;
};

class SplitP final : public Node {
 public:
  struct Terms {
    Comparison comparison;
    Reading reading;
    std::vector<FieldValue> values;
  };
  SplitP(Links links, std::shared_ptr<const Terms> terms)
      : Node(std::move(links)), terms_(std::move(terms)) {}
  void take(const Event& event) override {
    auto value = terms_->reading.get(event, room_);
    if (!value.ok()) return fail(value.error());
    for (std::size_t i = 0; i < terms_->values.size(); ++i) {
      if (holds(view(terms_->values[i]), *value)) return links().children[i]->take(event);
    }
    if (!links().others.empty()) return pass_other(event);
    fail(Error(Code::invalid, "splitp " + terms_->reading.text() + " has no clause for " +
                                  (is_nothing(*value) ? "nothing" : "this value") +
                                  "; give it a last stream for the rest"));
  }

 private:
  bool holds(const Value& given, const Value& found) const {
    if (terms_->comparison == Comparison::equal) return equal(given, found);
    if (terms_->comparison == Comparison::unequal) return !equal(given, found);
    if (given.index() != found.index()) return false;
    int order = compare(given, found);
    switch (terms_->comparison) {
      case Comparison::less:
        return order < 0;
      case Comparison::less_equal:
        return order <= 0;
      case Comparison::greater:
        return order > 0;
      default:
        return order >= 0;
    }
  }

  std::shared_ptr<const Terms> terms_;
  FieldValue room_;
};

constexpr std::array<std::string_view, 6> comparison_names = {"<", "<=", ">", ">=", "=", "!="};

}  // namespace

Spec where(Predicate predicate, Specs children, Specs otherwise) {
  std::string text = "where " + predicate.text();
  auto spec = make_spec<Where>(std::move(text), event_to_event, std::move(children),
                               std::make_shared<const Predicate>(std::move(predicate)));
  spec->others = std::move(otherwise);
  return spec;
}

Spec match(const Field& field, const Matcher& matcher, Specs children) {
  auto predicate = match_predicate(field, matcher);
  check(predicate.ok(), "match was given a wrong regular expression");
  return where(std::move(*predicate), std::move(children));
}

Spec split(std::vector<Clause> clauses, Spec otherwise) {
  std::string text = "split";
  auto predicates = std::make_shared<std::vector<Predicate>>();
  Specs children;
  for (auto& [predicate, child] : clauses) {
    text += " (" + predicate.text() + ")";
    predicates->push_back(std::move(predicate));
    children.push_back(std::move(child));
  }
  auto spec = make_spec<Split>(std::move(text), event_to_event, std::move(children),
                               Split::Predicates(std::move(predicates)));
  if (otherwise) spec->others.push_back(std::move(otherwise));
  return spec;
}

Spec splitp(Comparison comparison, Reading reading, std::vector<PointClause> clauses,
            Spec otherwise) {
  std::string text = "splitp " + std::string(comparison_names[static_cast<int>(comparison)]) + " " +
                     reading.text();
  auto terms = std::make_shared<SplitP::Terms>(SplitP::Terms{comparison, std::move(reading), {}});
  Specs children;
  for (auto& [value, child] : clauses) {
    text += " " + std::to_string(value.index()) + "\"" + text_of(value) + "\"";
    terms->values.push_back(std::move(value));
    children.push_back(std::move(child));
  }
  auto spec = make_spec<SplitP>(std::move(text), event_to_event, std::move(children),
                                std::shared_ptr<const SplitP::Terms>(std::move(terms)));
  if (otherwise) spec->others.push_back(std::move(otherwise));
  return spec;
}

Spec over(double x, Specs children) {
  return make_spec<Over>("over " + text_of(FieldValue(x)), event_to_event, std::move(children), x);
}

Spec under(double x, Specs children) {
  return make_spec<Under>("under " + text_of(FieldValue(x)), event_to_event, std::move(children),
                          x);
}

Spec tagged_all(std::vector<std::string> tags, Specs children) {
  return where(tagged_all_predicate(std::move(tags)), std::move(children));
}

Spec tagged_any(std::vector<std::string> tags, Specs children) {
  return where(tagged_any_predicate(std::move(tags)), std::move(children));
}

Spec expired_only(Specs children) {
  return make_spec<Expired>("expired", event_to_event, std::move(children), true);
}

Spec not_expired(Specs children) {
  return make_spec<Expired>("not_expired", event_to_event, std::move(children), false);
}

}  // namespace berth::observe::streams
