#pragma once

#include <string>
#include <vector>

#include "observe/alerts/alert_rule.h"

namespace berth::observe {

/// One [[objective]]: which share of something must be good over a window, by two expressions in
/// which `[$window]` stands for a length of time.
struct Objective {
  std::string name;
  std::string errors;  // sum(rate(requests_total{code=~"5.."}[$window]))
  std::string total;   // sum(rate(requests_total[$window]))
  double percent = 99.9;
  Duration window = 720h;  // 30 days
  AlertRoute route;
  std::string summary;
};

/// A pace at which the error budget burns that is told (Google's SRE Workbook, chapter 5, table
/// 5-8): the budget's share that is gone by it after `longer`.
struct BurnRate {
  double factor;
  Duration longer;
  Duration shorter;
  const char* severity;
};
/// For a window of 30 days: 2 % in an hour, 5 % in six, 10 % in a day and in three days. For other
/// windows the same shares, by factors of their own.
std::vector<BurnRate> burn_rates(Duration window);

/// An alert rule for each pace. Both windows must burn as fast: the longer one says that it counts,
/// the shorter one that it still goes on. invalid: an expression that cannot be read.
Result<std::vector<AlertRule>> burn_rate_rules(const Objective& objective);
/// What is left of the budget, as PromQL: 1 is all of it, below 0 it is overspent.
std::string budget_expression(const Objective& objective);
/// At which multiple of the allowed rate it burned over the last `window`.
std::string burn_expression(const Objective& objective, Duration window);

}  // namespace berth::observe
