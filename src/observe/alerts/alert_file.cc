#include "observe/alerts/alert_file.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "base/units.h"

namespace berth::observe {
namespace {

constexpr Duration longest = 87600h;
constexpr std::string_view calls_of_series =
    "sum by (from, to) (increase(berth_call_duration_seconds_count[10m])) > 0";

/// Reads all of it; what is shared between its tables is here.
class AlertsReader {
 public:
  AlertsReader(TomlReader& file, const std::vector<std::string>& outputs, std::string_view defaults)
      : file_(file), outputs_(outputs), defaults_(defaults) {}

  AlertsFile read() {
    if (auto table = file_.table("alerts")) {
      default_ = route(*table);
      out_.annotations_to = told(*table, "annotations_to");
      out_.calls = expression(*table, "calls");
      if (!table->boolean("defaults").value_or(true)) defaults_ = {};
      table->finish();
    }
    if (!out_.calls) out_.calls = promql::Query::parse(calls_of_series).value();
    file_.each_table("alert", [&](TomlReader& reader) { read_alert(reader); });
    file_.each_table("objective", [&](TomlReader& reader) { read_objective(reader); });
    file_.each_table("kpi", [&](TomlReader& reader) { read_kpi(reader); });
    file_.each_table("export", [&](TomlReader& reader) { read_export(reader); });
    read_defaults();
    check_names();
    return std::move(out_);
  }

 private:
  void read_defaults() {
    if (defaults_.empty()) return;
    TomlValue value = TomlValue::parse(defaults_, "defaults").value();
    TomlErrors errors;
    TomlReader file(value, "", errors);
    file.each_table("alert", [&](TomlReader& reader) {
      AlertRule rule = alert(reader);
      if (names_.insert(rule.name).second) out_.rules.push_back(std::move(rule));
    });
    check(!errors.any(), "a default alert is wrong");
  }

  void length(TomlReader& reader, std::string_view key, Duration& out, Duration least = 0s) {
    auto value = reader.duration(key);
    if (!value) return;
    if (*value < least || *value > longest) {
      return reader.fail(key, "must be from " + write_duration(least) + " to ten years");
    }
    out = *value;
  }

  std::vector<std::string> told(TomlReader& reader, std::string_view key) {
    auto names = reader.strings(key).value_or(std::vector<std::string>());
    for (auto& name : names) {
      if (std::ranges::find(outputs_, name) != outputs_.end()) continue;
      std::vector<std::string_view> known(outputs_.begin(), outputs_.end());
      reader.fail(key, "names '" + name + "', which is no [[output]]", "",
                  std::string(nearest_word(name, known)));
    }
    return names;
  }

  AlertRoute route(TomlReader& reader) {
    AlertRoute out = default_;
    if (reader.has("to")) out.to = told(reader, "to");
    if (auto names = reader.strings("group_by")) out.group_by = std::move(*names);
    length(reader, "group_wait", out.group_wait);
    length(reader, "group_interval", out.group_interval);
    length(reader, "repeat", out.repeat, 1s);
    return out;
  }

  std::optional<promql::Query> expression(TomlReader& reader, std::string_view key) {
    auto text = reader.string(key);
    if (!text) return std::nullopt;
    auto query = promql::Query::parse(*text);
    if (!query.ok()) {
      reader.fail(key, "is wrong: " + query.error().text());
      return std::nullopt;
    }
    if (query->type() != promql::Type::vector && query->type() != promql::Type::scalar) {
      reader.fail(key, "must be a vector or a number: what is there is an alert");
      return std::nullopt;
    }
    return std::move(*query);
  }

  std::optional<streams::Query> events(TomlReader& reader, std::string_view key) {
    auto text = reader.string(key);
    if (!text) return std::nullopt;
    auto query = streams::Query::parse(*text);
    if (query.ok()) return std::move(*query);
    reader.fail(key, "is wrong: " + query.error().text());
    return std::nullopt;
  }

  void read_alert(TomlReader& reader) { add(reader, alert(reader)); }

  AlertRule alert(TomlReader& reader) {
    AlertRule rule;
    reader.require("name");
    rule.name = reader.string("name").value_or("");
    bool by_query = reader.has("query");
    bool by_events = reader.has("where") || reader.has("of") || reader.has("absent");
    if (by_query == by_events) {
      reader.fail("query", by_query ? "and where, of or absent cannot both be given"
                                    : "is missing; or give where, for events");
    }
    if (by_query) {
      rule.text = reader.string("query").value_or("");
      rule.query = expression(reader, "query");
      rule.hold = expression(reader, "hold");
    } else {
      read_events(reader, rule);
    }
    length(reader, "every", rule.every, 1s);
    length(reader, "for", rule.stands);
    length(reader, "keep", rule.keep);
    rule.severity = reader.string("severity").value_or(rule.severity);
    if (auto labels = reader.string_map("labels")) read_labels(reader, *labels, rule);
    rule.summary = reader.string("summary").value_or("");
    rule.description = reader.string("description").value_or("");
    rule.depends_on = reader.strings("depends_on").value_or(std::vector<std::string>());
    rule.equal = reader.strings("equal").value_or(std::vector<std::string>());
    if (auto changes = reader.integer("flap_changes", 0, 50)) {
      rule.flap_changes = static_cast<int>(*changes);
    }
    length(reader, "flap_within", rule.flap_within, 1s);
    rule.calls = reader.boolean("calls").value_or(false);
    rule.route = route(reader);
    return rule;
  }

  void read_events(TomlReader& reader, AlertRule& rule) {
    EventCondition condition;
    condition.topic = reader.string("topic").value_or("");
    condition.of = events(reader, "of");
    condition.where = events(reader, "where");
    condition.hold = events(reader, "hold");
    if (auto by = reader.strings("by")) condition.by = std::move(*by);
    length(reader, "absent", condition.absent, 1s);
    if (reader.has("absent") && !reader.has("of")) {
      reader.fail("absent", "needs 'of': which events are missed");
    }
    rule.text = reader.string("where").value_or("");
    if (condition.absent > Duration(0)) {
      rule.text += (rule.text.empty() ? "" : " or ") + std::string("none for ") +
                   write_duration(condition.absent);
    }
    rule.every = 1s;
    rule.events = std::move(condition);
  }

  void read_labels(TomlReader& reader,
                   const std::vector<std::pair<std::string, std::string>>& labels,
                   AlertRule& rule) {
    for (auto& [name, value] : labels) {
      if (!promql::is_label_name(name) || name == "alertname" || name == "severity") {
        reader.fail("labels", "cannot have '" + name + "'");
      }
      rule.labels.push_back({name, value});
    }
  }

  void read_objective(TomlReader& reader) {
    Objective objective;
    for (auto* key : {"name", "errors", "total", "percent"}) reader.require(key);
    objective.name = reader.string("name").value_or("");
    objective.errors = reader.string("errors").value_or("");
    objective.total = reader.string("total").value_or("");
    objective.percent = reader.number("percent").value_or(objective.percent);
    if (objective.percent <= 0 || objective.percent >= 100) {
      reader.fail("percent", "must be between 0 and 100: nothing is always good");
      objective.percent = 99.9;
    }
    length(reader, "window", objective.window, 24h);
    objective.summary = reader.string("summary").value_or("");
    objective.route = route(reader);
    for (auto* key : {"errors", "total"}) {
      auto& text = key == std::string("errors") ? objective.errors : objective.total;
      if (reader.has(key) && !text.contains("$window")) {
        reader.fail(key, "must have [$window] where the window's length is to stand");
        return;
      }
    }
    auto rules = burn_rate_rules(objective);
    if (!rules.ok()) {
      return reader.fail("errors", "or total is wrong: " + rules.error().text());
    }
    for (auto& rule : *rules) add(reader, std::move(rule));
    out_.objectives.push_back(std::move(objective));
  }

  void read_kpi(TomlReader& reader) {
    Kpi kpi;
    reader.require("name");
    kpi.name = reader.string("name").value_or("");
    if (kpi.name.contains('"') || kpi.name.contains('\\')) {
      reader.fail("name", "cannot have quotes and backslashes");
      return;
    }
    kpi.topic = reader.string("topic").value_or("");
    kpi.where = events(reader, "where");
    if (!reader.has("topic") && !reader.has("where")) {
      reader.fail("topic", "is missing; or give where, for events");
    }
    kpi.field = reader.string("field").value_or("");
    length(reader, "per", kpi.per, 1s);
    if (auto usual = reader.value("usual")) read_band(reader, *usual, kpi);
    length(reader, "for", kpi.stands);
    kpi.route = route(reader);
    if (auto rule = band_rule(kpi)) add(reader, std::move(*rule));
    out_.kpis.push_back(std::move(kpi));
  }

  /// [10, 200]
  void read_band(TomlReader& reader, const TomlValue& usual, Kpi& kpi) {
    std::vector<double> numbers;
    for (auto& item : usual.items()) {
      if (auto* whole = item.integer()) numbers.push_back(static_cast<double>(*whole));
      if (auto* number = item.floating()) numbers.push_back(*number);
    }
    if (numbers.size() != 2 || usual.items().size() != 2 || numbers[0] > numbers[1]) {
      return reader.fail("usual", "must be two numbers, the lesser one first");
    }
    kpi.least = numbers[0];
    kpi.most = numbers[1];
  }

  void read_export(TomlReader& reader) {
    Export out;
    for (auto* key : {"name", "query", "to"}) reader.require(key);
    out.name = reader.string("name").value_or("");
    out.query = expression(reader, "query");
    out.service = reader.string("service").value_or(out.name);
    length(reader, "every", out.every, 1s);
    length(reader, "delay", out.delay);
    out.to = told(reader, "to");
    for (auto& other : out_.exports) {
      if (other.name == out.name) {
        reader.fail("name", "'" + out.name + "' is the name of another export as well");
      }
    }
    out_.exports.push_back(std::move(out));
  }

  void add(TomlReader& reader, AlertRule rule) {
    if (rule.name.empty() || rule.name.contains('\n'))
      reader.fail("name", "must be a line of text");
    if (!names_.insert(rule.name).second) {
      reader.fail("name", "'" + rule.name + "' is the name of another rule as well");
    }
    out_.rules.push_back(std::move(rule));
  }

  /// What a rule depends on is there, and no circle would silence all of its rules.
  void check_names() {
    std::map<std::string, const AlertRule*> rules;
    for (auto& rule : out_.rules) rules[rule.name] = &rule;
    for (auto& rule : out_.rules) {
      std::set<std::string> seen;
      std::vector<std::string> open = rule.depends_on;
      while (!open.empty()) {
        std::string name = open.back();
        open.pop_back();
        if (!rules.contains(name)) {
          file_.fail("alert", "'" + rule.name + "' depends on '" + name + "', which is no rule");
          return;
        }
        if (name == rule.name) {
          file_.fail("alert", "'" + rule.name + "' depends on itself");
          return;
        }
        if (!seen.insert(name).second) continue;
        auto& more = rules[name]->depends_on;
        open.insert(open.end(), more.begin(), more.end());
      }
    }
  }

  TomlReader& file_;
  const std::vector<std::string>& outputs_;
  std::string_view defaults_;
  AlertRoute default_;
  std::set<std::string> names_;
  AlertsFile out_;
};

}  // namespace

AlertsFile read_alerts(TomlReader& file, const std::vector<std::string>& outputs,
                       std::string_view defaults) {
  return AlertsReader(file, outputs, defaults).read();
}

}  // namespace berth::observe
