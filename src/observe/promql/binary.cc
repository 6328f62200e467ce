#include "observe/promql/binary.h"

#include <fmt/format.h>

#include <cmath>

namespace berth::promql {
namespace {

double computed(Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::divide:
      return a / b;
    case Operator::modulo:
      return std::fmod(a, b);
    case Operator::power:
      return std::pow(a, b);
    case Operator::atan2:
      return std::atan2(a, b);
    default:
      return a;
  }
}

bool holds(Operator op, double a, double b) {
  switch (op) {
    case Operator::equal:
      return a == b;
    case Operator::not_equal:
      return a != b;
    case Operator::less:
      return a < b;
    case Operator::less_equal:
      return a <= b;
    case Operator::greater:
      return a > b;
    case Operator::greater_equal:
      return a >= b;
    default:
      return false;
  }
}

/// What two elements give; `kept` is what a comparison that holds leaves.
double element(const Binary& binary, double a, double b, double kept) {
  if (!is_comparison(binary.op)) return computed(binary.op, a, b);
  bool held = holds(binary.op, a, b);
  if (binary.returns_bool) return held ? 1 : 0;
  return held ? kept : stale_marker;
}

/// What is no longer the metric loses its name; atan2 keeps it, in 2.42.
bool drops_name(const Binary& binary) {
  return binary.returns_bool || (!is_comparison(binary.op) && binary.op != Operator::atan2);
}

Value scalars(const Binary& binary, Value left, const Value& right) {
  for (std::size_t i = 0; i < left.numbers.size(); ++i) {
    double a = left.numbers[i], b = right.numbers[i];
    left.numbers[i] = element(binary, a, b, a);
  }
  return left;
}

/// One side is a scalar; a comparison keeps the vector's value on whichever side it stands.
Result<Value> with_scalar(const Binary& binary, Value vector, const std::vector<double>& numbers,
                          bool scalar_first, const Steps& steps) {
  ColumnSet out(steps.count);
  for (auto& column : vector.columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      double value = column.values[i];
      if (is_stale(value)) continue;
      double a = scalar_first ? numbers[i] : value;
      double b = scalar_first ? value : numbers[i];
      column.values[i] = element(binary, a, b, value);
    }
    out.add(drops_name(binary) ? column.labels.without_name() : column.labels, column.values);
  }
  vector.columns = TRY(out.take());
  return vector;
}

/// What elements must share to find each other.
std::string signature(const Labels& labels, const Matching& matching) {
  if (matching.on) return labels.only(matching.labels).key();
  std::vector<std::string> left_out = matching.labels;
  left_out.emplace_back(metric_name);
  return labels.without(left_out).key();
}

using Groups = std::unordered_map<std::string, std::vector<const Column*>>;
Groups group(const std::vector<Column>& columns, const Matching& matching) {
  Groups groups;
  for (auto& column : columns) groups[signature(column.labels, matching)].push_back(&column);
  return groups;
}

/// At which moments one of the columns has a value.
std::vector<bool> present(const std::vector<const Column*>& columns, const Steps& steps) {
  std::vector<bool> out(steps.count);
  for (auto* column : columns) {
    for (std::size_t i = 0; i < steps.count; ++i) out[i] = out[i] || !is_stale(column->values[i]);
  }
  return out;
}

/// and, or, unless.
Result<Value> sets(const Binary& binary, Value left, Value right, const Steps& steps) {
  ColumnSet out(steps.count);
  bool is_or = binary.op == Operator::logical_or;
  bool wanted = binary.op == Operator::logical_and;  // of being on the other side
  auto add_masked = [&](Value& from, const Value& other, bool kept_where) {
    std::unordered_map<std::string, std::vector<bool>> there;
    for (auto& [key, columns] : group(other.columns, binary.matching)) {
      there[key] = present(columns, steps);
    }
    for (auto& column : from.columns) {
      auto found = there.find(signature(column.labels, binary.matching));
      for (std::size_t i = 0; i < steps.count; ++i) {
        bool on_other = found != there.end() && found->second[i];
        if (on_other != kept_where) column.values[i] = stale_marker;
      }
      out.add(column.labels, column.values);
    }
  };
  if (is_or) {
    for (auto& column : left.columns) out.add(column.labels, column.values);
    add_masked(right, left, false);
  } else {
    add_masked(left, right, wanted);
  }
  Value value;
  value.columns = TRY(out.take());
  return value;
}

Labels result_labels(const Binary& binary, const Labels& many, const Labels& one) {
  auto& matching = binary.matching;
  Labels out = drops_name(binary) ? many.without_name() : many;
  if (matching.kind == Matching::Kind::one_to_one) {
    out = matching.on ? out.only(matching.labels) : out.without(matching.labels);
  }
  for (auto& label : matching.include) out = out.with(label, one.value(label));
  return out;
}

/// Arithmetic and comparison of two vectors.
class Matched {
 public:
  Matched(const Binary& binary, Value left, Value right, const Steps& steps)
      : binary_(binary),
        swapped_(binary.matching.kind == Matching::Kind::one_to_many),
        many_(swapped_ ? std::move(right) : std::move(left)),
        one_(swapped_ ? std::move(left) : std::move(right)),
        steps_(steps),
        out_(steps.count) {}

  Result<Value> run() {
    Groups one = group(one_.columns, binary_.matching);
    auto unique = check_one(one);
    if (!unique.ok()) return std::move(unique).error();
    for (auto& column : many_.columns) {
      std::string key = signature(column.labels, binary_.matching);
      auto found = one.find(key);
      if (found == one.end()) continue;
      for (auto* other : found->second) pair(key, column, *other);
    }
    if (matched_twice_) {
      bool grouped = binary_.matching.kind != Matching::Kind::one_to_one;
      return Error(Code::invalid,
                   grouped ? "multiple matches for labels: grouping labels must ensure unique "
                             "matches"
                           : "multiple matches for labels: many-to-one matching must be explicit "
                             "(group_left/group_right)");
    }
    Value out;
    out.columns = TRY(out_.take());
    return out;
  }

 private:
  /// Where the side of one has two for a match, at a moment at which the other side has any.
  Result<void> check_one(const Groups& one) const {
    std::vector<const Column*> all;
    for (auto& column : many_.columns) all.push_back(&column);
    std::vector<bool> any = present(all, steps_);
    for (auto& [key, columns] : one) {
      if (columns.size() < 2) continue;
      for (std::size_t i = 0; i < steps_.count; ++i) {
        const Column* first = nullptr;
        for (auto* column : columns) {
          if (!any[i] || is_stale(column->values[i])) continue;
          if (first) return twice(*first, *column);
          first = column;
        }
      }
    }
    return {};
  }

  Error twice(const Column& first, const Column& second) const {
    auto& matching = binary_.matching;
    Labels matched = matching.on ? first.labels.only(matching.labels)
                                 : first.labels.without(matching.labels).without_name();
    return Error(Code::invalid,
                 fmt::format("found duplicate series for the match group {} on the {} hand-side of "
                             "the operation: [{}, {}];many-to-many matching not allowed: matching "
                             "labels must be unique on one side",
                             matched.text(), swapped_ ? "left" : "right", second.labels.text(),
                             first.labels.text()));
  }

  void pair(const std::string& key, const Column& many, const Column& one) {
    Column* place = nullptr;
    std::vector<bool>* taken = nullptr;
    for (std::size_t i = 0; i < steps_.count; ++i) {
      double a = many.values[i], b = one.values[i];
      if (is_stale(a) || is_stale(b)) continue;
      if (swapped_) std::swap(a, b);
      double value = element(binary_, a, b, a);
      if (is_stale(value)) continue;
      if (!place) {
        Labels labels = result_labels(binary_, many.labels, one.labels);
        bool alone = binary_.matching.kind == Matching::Kind::one_to_one;
        taken = &taken_[alone ? key : key + '\xfe' + labels.key()];
        if (taken->empty()) taken->resize(steps_.count);
        place = &out_.place(labels);
      }
      matched_twice_ = matched_twice_ || (*taken)[i];
      (*taken)[i] = true;
      out_.put(*place, i, value);
    }
  }

  const Binary& binary_;
  const bool swapped_;
  const Value many_;
  const Value one_;
  const Steps& steps_;
  ColumnSet out_;
  std::unordered_map<std::string, std::vector<bool>> taken_;  // moments, by match
  bool matched_twice_ = false;
};

}  // namespace

Result<Value> combine(const Binary& binary, Value left, Value right, const Steps& steps) {
  bool left_scalar = left.type == Type::scalar, right_scalar = right.type == Type::scalar;
  if (left_scalar && right_scalar) return scalars(binary, std::move(left), right);
  if (right_scalar) return with_scalar(binary, std::move(left), right.numbers, false, steps);
  if (left_scalar) return with_scalar(binary, std::move(right), left.numbers, true, steps);
  if (is_set(binary.op)) return sets(binary, std::move(left), std::move(right), steps);
  return Matched(binary, std::move(left), std::move(right), steps).run();
}

}  // namespace berth::promql
