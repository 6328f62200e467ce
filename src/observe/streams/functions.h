#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "observe/streams/event_fields.h"
#include "observe/streams/query.h"

// What streams are given to look at events with and to make others of them. Each carries the text
// by which two of them are told apart, for reloads.

namespace berth::observe::streams {

/// A condition: a query, or a function that may fail.
class Predicate {
 public:
  using Function = std::function<Result<bool>(const Event&, WallTime now)>;

  Predicate(Query query);
  Predicate(std::string text, Function function)
      : text_(std::move(text)), function_(std::move(function)) {}

  Result<bool> holds(const Event& event, WallTime now) const {
    return query_ ? Result<bool>(query_->matches(event)) : function_(event, now);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::shared_ptr<const Query> query_;
  Function function_;
};

/// What `match` holds a field against: any of these values, or a regular expression that is found.
struct Matcher {
  std::vector<FieldValue> values;
  std::string expression;  // RE2; only if no values are given
};
/// riemann common.clj, match. invalid: no such regular expression.
Result<Predicate> match_predicate(const Field& field, const Matcher& matcher);
Predicate is_expired();
Predicate tagged_all_predicate(std::vector<std::string> tags);
Predicate tagged_any_predicate(std::vector<std::string> tags);

/// What is read of an event: a field, or what a function makes of it.
class Reading {
 public:
  using Function = std::function<Result<FieldValue>(const Event&)>;

  Reading(Field field) : text_(field.name()), field_(std::move(field)) {}
  Reading(const char* field) : Reading(Field(field)) {}
  Reading(std::string text, Function function)
      : text_(std::move(text)), function_(std::move(function)) {}

  /// The value refers to the event or to `room`.
  Result<Value> get(const Event& event, FieldValue& room) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::optional<Field> field_;
  Function function_;
};
using Readings = std::vector<Reading>;
std::string text_of(const Readings& readings);

/// An event of an event: false if it gives nothing (nil). `out` holds whatever it held before; for
/// fill_in_last_by the last event.
struct EventFunction {
  std::string text;
  std::function<Result<bool>(const Event& in, Event& out)> apply;
};
/// One event of many: false if it gives nothing.
struct Fold {
  std::string text;
  std::function<Result<bool>(Batch events, Event& out)> apply;
};
/// Many events of one or of many.
struct Expansion {
  std::string text;
  bool takes_vectors = false;
  std::function<Result<void>(Batch in, const std::function<void(const Event&)>& emit)> apply;
};
/// Takes the event into what was there before.
struct Reducer {
  std::string text;
  std::function<Result<void>(Event& accumulated, const Event& event)> apply;
};
/// A number of many: of what fold_interval has seen.
struct NumberFold {
  std::string text;
  std::function<double(std::span<const double>)> apply;
};

/// A field and what it is set to.
struct Setting {
  Field field;
  FieldValue value;
};
using Settings = std::vector<Setting>;
std::string text_of(const Settings& settings);

/// A point of percentiles, with what is appended to the service's name: 0.95 and " 0.95".
struct Point {
  double at = 0;
  std::string suffix;
};
using Points = std::vector<Point>;
Points points(std::vector<double> at);

}  // namespace berth::observe::streams
