#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml_reader.h"
#include "observe/alerts/alert_rule.h"
#include "observe/alerts/exports.h"
#include "observe/alerts/kpi.h"
#include "observe/alerts/objective.h"

namespace berth::observe {

/// What a file says of alerts (docs/formats/alerts.md): [alerts], [[alert]], [[objective]],
/// [[kpi]] and [[export]]; the rules of objectives and KPIs are among the rules.
struct AlertsFile {
  std::vector<AlertRule> rules;
  std::vector<Objective> objectives;
  std::vector<Kpi> kpis;
  std::vector<Export> exports;
  std::vector<std::string> annotations_to;
  std::optional<promql::Query> calls;  // who calls whom: series with the labels from and to
};

/// Reads these tables of `file`; what is wrong is told to the reader. `outputs`: who may be told.
/// `defaults`: rules as the text of a file, that are there besides unless [alerts] defaults is
/// false; one of the same name in `file` stands in its place.
AlertsFile read_alerts(TomlReader& file, const std::vector<std::string>& outputs,
                       std::string_view defaults = {});

}  // namespace berth::observe
