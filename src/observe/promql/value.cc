#include "observe/promql/value.h"

#include <unordered_set>

namespace berth::promql {

void ColumnSet::add(const Labels& labels, const std::vector<double>& values) {
  Column& column = place(labels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_stale(values[i])) put(column, i, values[i]);
  }
}

Result<std::vector<Column>> ColumnSet::take() {
  if (twice_) return same_labels();
  std::erase_if(columns_, [](auto& column) { return column.empty(); });
  return std::move(columns_);
}

Error same_labels() {
  return Error(Code::invalid, "vector cannot contain metrics with the same labelset");
}

Result<std::vector<Column>> distinct(std::vector<Column> columns) {
  std::unordered_set<std::string> seen;
  for (auto& column : columns) {
    if (!seen.insert(column.labels.key()).second) return same_labels();
  }
  return columns;
}

}  // namespace berth::promql
