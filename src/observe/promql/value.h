#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "observe/promql/sample_source.h"
#include "observe/promql/type.h"

namespace berth::promql {

/// The moments of one (sub)query: `count` of them from `start`, `interval` apart.
struct Steps {
  std::int64_t start = 0;
  std::int64_t interval = 1;
  std::size_t count = 1;

  std::int64_t time(std::size_t i) const { return start + static_cast<std::int64_t>(i) * interval; }
  std::int64_t end() const { return time(count == 0 ? 0 : count - 1); }
};

/// One series at all moments; stale_marker where it has no value.
struct Column {
  Labels labels;
  std::vector<double> values;

  bool empty() const { return std::ranges::all_of(values, is_stale); }
};

/// What a node of the tree is at all moments: columns of a vector, numbers of a scalar, a text.
struct Value {
  Type type = Type::vector;
  std::vector<Column> columns;
  std::vector<double> numbers;
  std::string text;
};

/// Columns under construction: those with equal labels become one, which fails where both have a
/// value at a moment.
class ColumnSet {
 public:
  explicit ColumnSet(std::size_t count) : count_(count) {}

  Column& place(const Labels& labels) {
    auto [found, fresh] = index_.try_emplace(labels.key(), columns_.size());
    if (fresh) columns_.push_back({labels, std::vector<double>(count_, stale_marker)});
    return columns_[found->second];
  }
  void put(Column& column, std::size_t step, double value) {
    if (!is_stale(column.values[step])) twice_ = true;
    column.values[step] = value;
  }
  void add(const Labels& labels, const std::vector<double>& values);
  /// Without those that have no value.
  Result<std::vector<Column>> take();

 private:
  std::size_t count_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> index_;
  bool twice_ = false;
};

Error same_labels();
/// Fails if two columns have equal labels.
Result<std::vector<Column>> distinct(std::vector<Column> columns);

}  // namespace berth::promql
