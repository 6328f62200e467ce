#include "console/dashboard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/units.h"
#include "observe/promql/query.h"

namespace berth::console {
namespace {

constexpr std::int64_t limit_max = 200;
constexpr Duration range_least = 60s;
constexpr Duration range_most = 400 * 86400s;

bool is_variable_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, is_variable_char) &&
         !(name[0] >= '0' && name[0] <= '9');
}

/// Reads one file; each member one kind of table.
class Reading {
 public:
  explicit Reading(TomlErrors& errors) : errors_(errors) {}

  Dashboard read(const TomlValue& file) {
    TomlReader reader(file, "", errors_);
    reader.require("title");
    out_.title = reader.string("title").value_or("");
    if (auto range = reader.duration("range")) {
      if (*range < range_least || *range > range_most) {
        reader.fail("range", "must be from 1m to 400d");
      } else {
        out_.range = *range;
      }
    }
    reader.each_table("variable", [&](TomlReader& table) { read_variable(table); });
    if (out_.variables.size() > Dashboard::variables_max) {
      reader.fail("variable", fmt::format("may stand there at most {} times, found {}",
                                          Dashboard::variables_max, out_.variables.size()));
    }
    reader.each_table("panel", [&](TomlReader& table) { read_panel(table); });
    if (out_.panels.size() > Dashboard::panels_max) {
      reader.fail("panel", fmt::format("may stand there at most {} times, found {}",
                                       Dashboard::panels_max, out_.panels.size()));
    }
    reader.finish();
    return std::move(out_);
  }

 private:
  void read_variable(TomlReader& table) {
    DashboardVariable variable;
    table.require("name");
    variable.name = table.string("name").value_or("");
    if (table.has("name") && !is_variable_name(variable.name)) {
      table.fail("name", "must be of a-z, 0-9 and _, found '" + variable.name + "'");
    }
    if (std::ranges::count(out_.variables, variable.name, &DashboardVariable::name) > 0) {
      table.fail("name", "is taken by another variable: '" + variable.name + "'");
    }
    variable.label = table.string("label").value_or(variable.name);
    variable.value = table.string("value").value_or("*");
    out_.variables.push_back(std::move(variable));
  }

  void read_panel(TomlReader& table) {
    Panel panel;
    table.require("title");
    panel.title = table.string("title").value_or("");
    if (auto kind = table.string("kind")) read_kind(table, *kind, panel);
    panel.unit = table.string("unit").value_or("");
    panel.warn = table.number("warn");
    panel.bad = table.number("bad");
    panel.logarithmic = table.boolean("logarithmic").value_or(false);
    panel.limit = table.integer("limit", 1, limit_max).value_or(panel.limit);
    read_place(table, panel);
    table.require("query");
    table.each_table("query", [&](TomlReader& query) { read_query(query, panel); });
    if (panel.queries.size() > Dashboard::queries_max) {
      table.fail("query", fmt::format("may stand there at most {} times, found {}",
                                      Dashboard::queries_max, panel.queries.size()));
    }
    out_.panels.push_back(std::move(panel));
  }

  static void read_kind(TomlReader& table, const std::string& text, Panel& panel) {
    if (auto kind = picture::panel_kind(text)) {
      panel.kind = *kind;
      return;
    }
    std::string all(picture::panel_kinds_text());
    std::vector<std::string_view> words;
    for (auto word : split(all, ',')) words.push_back(trim(word));
    table.fail("kind", "must be one of " + all + ", found '" + text + "'", all,
               std::string(nearest_word(text, words)));
  }

  void read_place(TomlReader& table, Panel& panel) {
    auto& place = panel.place;
    auto number = [&](std::string_view key, int least, int most, int other) {
      return static_cast<int>(table.integer(key, least, most).value_or(other));
    };
    place.columns = number("columns", 1, Dashboard::grid_columns, place.columns);
    place.rows = number("rows", 1, 50, place.rows);
    bool given = table.has("column") || table.has("row");
    place.column = number("column", 0, Dashboard::grid_columns - 1, 0);
    place.row = number("row", 0, Dashboard::rows_max, 0);
    if (!given) return flow(place);
    if (place.column + place.columns > Dashboard::grid_columns) {
      table.fail("column", fmt::format("and 'columns' reach beyond the {} columns that there are",
                                       Dashboard::grid_columns));
    }
    for (auto& other : out_.panels) {
      if (!other.place.overlaps(place)) continue;
      table.fail(table.has("row") ? "row" : "column",
                 "puts the panel over '" + other.title + "'; move one of them");
      break;
    }
  }

  /// The first place that is free, by rows.
  void flow(PanelPlace& place) const {
    for (place.row = 0; place.row < Dashboard::rows_max; ++place.row) {
      for (place.column = 0; place.column + place.columns <= Dashboard::grid_columns;
           ++place.column) {
        bool taken = std::ranges::any_of(
            out_.panels, [&](const Panel& other) { return other.place.overlaps(place); });
        if (!taken) return;
      }
    }
  }

  void read_query(TomlReader& table, Panel& panel) {
    PanelQuery query;
    table.require("expr");
    query.expr = table.string("expr").value_or("");
    query.legend = table.string("legend").value_or("");
    if (table.has("expr")) {
      auto expr = with_rate_interval(filled_in(query.expr, out_.variables), 1s);
      auto parsed = promql::Query::parse(expr);
      if (!parsed.ok()) {
        table.fail("expr", "is no expression: " + std::string(parsed.error().message()));
      } else if (parsed->type() != promql::Type::vector && parsed->type() != promql::Type::scalar) {
        table.fail("expr", "must give an instant vector or a scalar, it gives a " +
                               std::string(promql::type_text(parsed->type())));
      }
    }
    panel.queries.push_back(std::move(query));
  }

  TomlErrors& errors_;
  Dashboard out_;
};

/// As a regular expression that matches this text alone, in a string of PromQL.
void append_exact(std::string& out, std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '\\':
        out += R"(\\\\)";
        break;
      case '"':
        out += R"(\")";
        break;
      case '\'':
        out += R"(\')";
        break;
      case '\n':
        out += R"(\n)";
        break;
      default:
        if (std::string_view("^$.|?*+()[]{}").contains(c)) out += R"(\\)";
        out += c;
    }
  }
}

void write_panel(JsonWriter& out, const Panel& panel) {
  out.begin_object()
      .member("title", panel.title)
      .member("kind", picture::panel_kind_text(panel.kind));
  out.member("unit", panel.unit);
  out.member("column", panel.place.column).member("row", panel.place.row);
  out.member("columns", panel.place.columns).member("rows", panel.place.rows);
  if (panel.warn) out.member("warn", *panel.warn);
  if (panel.bad) out.member("bad", *panel.bad);
  out.member("logarithmic", panel.logarithmic).member("limit", panel.limit);
  out.key("queries").begin_array();
  for (auto& query : panel.queries) {
    out.begin_object().member("expr", query.expr).member("legend", query.legend).end_object();
  }
  out.end_array().end_object();
}

}  // namespace

Dashboard read_dashboard(std::string_view text, const std::string& file, TomlErrors& errors) {
  TomlProblem problem;
  auto value = TomlValue::parse(text, file, problem);
  if (!value) {
    errors.add(std::move(problem));
    return {};
  }
  return Reading(errors).read(*value);
}

void write_dashboard(JsonWriter& out, const Dashboard& dashboard) {
  out.begin_object().member("title", dashboard.title);
  out.member("range", static_cast<std::int64_t>(dashboard.range / 1s));
  out.key("variables").begin_array();
  for (auto& variable : dashboard.variables) {
    out.begin_object().member("name", variable.name).member("label", variable.label);
    out.member("value", variable.value).end_object();
  }
  out.end_array();
  out.key("panels").begin_array();
  for (auto& panel : dashboard.panels) write_panel(out, panel);
  out.end_array().end_object();
}

std::string filled_in(std::string_view expr, const std::vector<DashboardVariable>& variables) {
  std::string out;
  for (std::size_t at = 0; at < expr.size();) {
    if (expr[at] != '$') {
      out += expr[at++];
      continue;
    }
    bool braces = expr.substr(at + 1).starts_with('{');
    std::size_t begin = at + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < expr.size() && is_variable_char(expr[end])) ++end;
    auto found =
        std::ranges::find(variables, expr.substr(begin, end - begin), &DashboardVariable::name);
    bool closed = !braces || (end < expr.size() && expr[end] == '}');
    if (found == variables.end() || !closed) {
      out += expr[at++];
      continue;
    }
    if (found->value == "*") {
      out += ".*";
    } else {
      append_exact(out, found->value);
    }
    at = end + (braces ? 1 : 0);
  }
  return out;
}

std::string with_rate_interval(std::string_view expr, Duration step) {
  constexpr std::string_view name = "$__rate_interval";
  std::string out(expr);
  for (std::size_t at = 0; (at = out.find(name, at)) != std::string::npos;) {
    out.replace(at, name.size(), fmt::format("{}s", std::max<std::int64_t>(step / 1s, 60)));
  }
  return out;
}

std::string legend_text(std::string_view legend,
                        const std::vector<std::pair<std::string, std::string>>& labels,
                        std::string_view otherwise) {
  std::string out;
  if (legend.empty()) {
    for (auto& [name, value] : labels) {
      if (name == "__name__") continue;
      out += (out.empty() ? "" : " ") + value;
    }
    return out.empty() ? std::string(otherwise) : out;
  }
  while (!legend.empty()) {
    std::size_t begin = legend.find("{{");
    std::size_t end = begin == legend.npos ? legend.npos : legend.find("}}", begin);
    if (end == legend.npos) return out += legend;
    out += legend.substr(0, begin);
    auto name = trim(legend.substr(begin + 2, end - begin - 2));
    auto found = std::ranges::find(labels, name, [](auto& label) { return label.first; });
    if (found != labels.end()) out += found->second;
    legend.remove_prefix(end + 2);
  }
  return out;
}

}  // namespace berth::console
