#include "observe/promql/aggregate.h"

#include <fmt/format.h>

#include <cmath>

#include "observe/promql/query.h"
#include "observe/promql/range_functions.h"

namespace berth::promql {
namespace {

struct Group {
  Labels labels;
  std::vector<const Column*> columns;
};

Labels group_labels(const Aggregation& aggregation, const Labels& labels) {
  if (!aggregation.without) return labels.only(aggregation.labels);
  return labels.without(aggregation.labels).without_name();
}

std::vector<Group> grouped(const Aggregation& aggregation, const Value& of) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> index;
  for (auto& column : of.columns) {
    Labels labels = group_labels(aggregation, column.labels);
    auto [found, fresh] = index.try_emplace(labels.key(), groups.size());
    if (fresh) groups.push_back({std::move(labels), {}});
    groups[found->second].columns.push_back(&column);
  }
  return groups;
}

/// Folds one value into what the group has at that moment so far.
struct Partial {
  double value = 0;
  double mean = 0;
  double count = 0;

  void add(Fold fold, double next) {
    ++count;
    switch (fold) {
      case Fold::sum:
        value = count == 1 ? next : value + next;
        break;
      case Fold::avg:
        add_to_mean(next);
        break;
      case Fold::min:
        if (count == 1 || std::isnan(value) || next < value) value = next;
        break;
      case Fold::max:
        if (count == 1 || std::isnan(value) || next > value) value = next;
        break;
      case Fold::stddev:
      case Fold::stdvar: {
        // Welford's way; the first has no deviation.
        double delta = next - mean;
        mean += delta / count;
        if (count > 1) value += delta * (next - mean);
        break;
      }
      default:
        break;
    }
  }

  double folded(Fold fold) const {
    if (count == 0) return stale_marker;
    switch (fold) {
      case Fold::avg:
        return mean;
      case Fold::count:
        return count;
      case Fold::group:
        return 1;
      case Fold::stdvar:
        return value / count;
      case Fold::stddev:
        return std::sqrt(value / count);
      default:
        return value;
    }
  }

 private:
  void add_to_mean(double next) {
    if (count == 1) {
      mean = next;
      return;
    }
    if (std::isinf(mean)) {
      bool same = std::isinf(next) && (mean > 0) == (next > 0);
      if (same || std::isfinite(next)) return;
    }
    mean += next / count - mean / count;
  }
};

Column fold_group(Fold fold, Group group, const Steps& steps) {
  std::vector<Partial> partial(steps.count);
  for (auto* column : group.columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (!is_stale(column->values[i])) partial[i].add(fold, column->values[i]);
    }
  }
  Column out{std::move(group.labels), std::vector<double>(steps.count)};
  for (std::size_t i = 0; i < steps.count; ++i) out.values[i] = partial[i].folded(fold);
  return out;
}

/// The commonest by far, without a branch on what is folded.
Column sum_group(Group group, const Steps& steps) {
  Column out{std::move(group.labels), std::vector<double>(steps.count, stale_marker)};
  for (auto* column : group.columns) {
    for (std::size_t i = 0; i < steps.count; ++i) {
      double next = column->values[i];
      if (is_stale(next)) continue;
      out.values[i] = is_stale(out.values[i]) ? next : out.values[i] + next;
    }
  }
  return out;
}

Column quantile_group(Group group, const std::vector<double>& parameter, const Steps& steps) {
  Column out{std::move(group.labels), std::vector<double>(steps.count, stale_marker)};
  std::vector<double> values;
  for (std::size_t i = 0; i < steps.count; ++i) {
    values.clear();
    for (auto* column : group.columns) {
      if (!is_stale(column->values[i])) values.push_back(column->values[i]);
    }
    if (!values.empty()) out.values[i] = quantile_of(parameter[i], values);
  }
  return out;
}

/// topk and bottomk keep the labels of what they keep, best first.
Result<Value> best(Fold fold, std::vector<Group> groups, const std::vector<double>& parameter,
                   const Steps& steps) {
  ColumnSet out(steps.count);
  auto better = [fold](const std::pair<double, const Column*>& a,
                       const std::pair<double, const Column*>& b) {
    bool none = std::isnan(a.first);  // goes last
    if (none != std::isnan(b.first)) return !none;
    if (none) return a.second < b.second;
    if (a.first == b.first) return a.second < b.second;
    return fold == Fold::topk ? a.first > b.first : a.first < b.first;
  };
  for (std::size_t i = 0; i < steps.count; ++i) {
    if (!(std::abs(parameter[i]) < 9.2e18)) {
      return Error(Code::invalid,
                   fmt::format("Scalar value {} overflows int64", value_text(parameter[i])));
    }
    if (parameter[i] < 1) continue;
    for (auto& group : groups) {
      std::vector<std::pair<double, const Column*>> found;
      for (auto* column : group.columns) {
        if (!is_stale(column->values[i])) found.emplace_back(column->values[i], column);
      }
      auto kept = std::min(found.size(), static_cast<std::size_t>(parameter[i]));
      std::ranges::sort(found, better);
      for (auto& [value, column] : std::span(found).first(kept)) {
        out.put(out.place(column->labels), i, value);
      }
    }
  }
  Value value;
  value.columns = TRY(out.take());
  return value;
}

Result<Value> count_values(const Aggregation& aggregation, const std::string& label,
                           const Value& of, const Steps& steps) {
  if (!is_label_name(label)) {
    return Error(Code::invalid, fmt::format("invalid label name \"{}\"", label));
  }
  ColumnSet out(steps.count);
  for (auto& column : of.columns) {
    Labels labels = group_labels(aggregation, column.labels);
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (is_stale(column.values[i])) continue;
      Column& place = out.place(labels.with(label, value_text(column.values[i])));
      place.values[i] = is_stale(place.values[i]) ? 1 : place.values[i] + 1;
    }
  }
  Value value;
  value.columns = TRY(out.take());
  return value;
}

}  // namespace

Result<Value> aggregate(const Aggregation& aggregation, Value parameter, Value of,
                        const Steps& steps) {
  Fold fold = aggregation.fold;
  if (fold == Fold::count_values) return count_values(aggregation, parameter.text, of, steps);
  std::vector<Group> groups = grouped(aggregation, of);
  if (fold == Fold::topk || fold == Fold::bottomk) {
    return best(fold, std::move(groups), parameter.numbers, steps);
  }
  Value out;
  for (auto& group : groups) {
    if (fold == Fold::sum) {
      out.columns.push_back(sum_group(std::move(group), steps));
    } else if (fold == Fold::quantile) {
      out.columns.push_back(quantile_group(std::move(group), parameter.numbers, steps));
    } else {
      out.columns.push_back(fold_group(fold, std::move(group), steps));
    }
  }
  return out;
}

}  // namespace berth::promql
