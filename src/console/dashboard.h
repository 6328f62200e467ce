#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/time.h"
#include "base/toml_reader.h"
#include "console/picture/panel_kind.h"

namespace berth::console {

using picture::PanelKind;

/// One expression of PromQL; `$NAME` in it stands for a variable's value.
struct PanelQuery {
  std::string expr;
  std::string legend;  // "{{service}} p99"; empty: the labels themselves
};

/// Where a panel stands: columns of `grid_columns`, rows of one height.
struct PanelPlace {
  int column = 0;
  int row = 0;
  int columns = 6;
  int rows = 4;

  bool overlaps(const PanelPlace& other) const {
    return column < other.column + other.columns && other.column < column + columns &&
           row < other.row + other.rows && other.row < row + rows;
  }
};

struct Panel {
  std::string title;
  PanelKind kind = PanelKind::lines;
  std::string unit;  // "s", "1/s", "share", "bytes", "bytes/s", or what stands behind the number
  PanelPlace place;
  std::vector<PanelQuery> queries;
  std::optional<double> warn;  // thresholds; where `bad` is below `warn`, less is worse
  std::optional<double> bad;
  bool logarithmic = false;
  std::int64_t limit = 10;  // rows of a top list or table
};

/// What the reader of a dashboard chooses: one of a label's values, or "*" for all.
struct DashboardVariable {
  std::string name;
  std::string label;
  std::string value = "*";  // at first
};

/// Charts on one page (docs/formats/dashboards.md). A plain value.
struct Dashboard {
  static constexpr int grid_columns = 12;
  static constexpr int rows_max = 1000;
  static constexpr std::size_t panels_max = 100;
  static constexpr std::size_t queries_max = 10;  // of a panel
  static constexpr std::size_t variables_max = 10;
  static constexpr std::size_t text_bytes_max = 256 << 10;

  std::string title;
  Duration range = 900s;
  std::vector<DashboardVariable> variables;
  std::vector<Panel> panels;
};

/// Reads a file's text: keys, types, limits, each expression's grammar, panels that overlap. What
/// is wrong stands in `errors` with line and column; then the value is not to be used.
Dashboard read_dashboard(std::string_view text, const std::string& file, TomlErrors& errors);

void write_dashboard(JsonWriter& out, const Dashboard& dashboard);

/// The expression with `$NAME` and `${NAME}` replaced: a variable's value as a regular expression
/// that matches it alone, within a string of PromQL; "*" matches everything.
std::string filled_in(std::string_view expr, const std::vector<DashboardVariable>& variables);

/// With `$__rate_interval` replaced, Grafana's name for a time that a rate between points `step`
/// apart should look back: the step, so that nothing between two points is left out, at least a
/// minute.
std::string with_rate_interval(std::string_view expr, Duration step);

/// "orders p99" for "{{service}} p99"; without a legend the labels, or `otherwise` if there are
/// none.
std::string legend_text(std::string_view legend,
                        const std::vector<std::pair<std::string, std::string>>& labels,
                        std::string_view otherwise);

}  // namespace berth::console
