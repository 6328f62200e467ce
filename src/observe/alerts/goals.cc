#include "observe/alerts/goals.h"

#include <cmath>

#include "async/clock.h"
#include "observe/alerts/ask_series.h"

namespace berth::observe {
Deferred<Json> Goals::ask(std::string expression) {
  auto query = co_await or_return(promql::Query::parse(expression));
  auto found = co_await ask_series(series_, query, clock_.wall(), samples_max);
  if (found.size() != 1 || !std::isfinite(found[0].value)) co_return Json();
  co_return Json(found[0].value);
}

Deferred<Json> Goals::one(const Objective& objective) {
  Json out = Json::object();
  out.add_member("name", objective.name).add_member("percent", objective.percent);
  out.add_member("window", seconds_of(objective.window));
  out.add_member("to", Json::array_of(objective.route.to));
  std::string trouble;
  Json left, burns = Json::array();
  auto asked = co_await ask(budget_expression(objective)).result();
  if (asked.ok()) left = std::move(*asked);
  if (!asked.ok()) trouble = asked.error().text();
  for (auto& rate : burn_rates(objective.window)) {
    Json burn = Json::object();
    burn.add_member("over", seconds_of(rate.longer)).add_member("factor", rate.factor);
    burn.add_member("severity", std::string(rate.severity));
    auto now = co_await ask(burn_expression(objective, rate.longer)).result();
    burn.add_member("rate", now.ok() ? std::move(*now) : Json());
    if (!now.ok()) trouble = now.error().text();
    burns.add(std::move(burn));
  }
  out.add_member("left", std::move(left)).add_member("burns", std::move(burns));
  out.add_member("trouble", trouble);
  co_return out;
}

Deferred<Json> Goals::json() {
  auto one_at_a_time = co_await asking_.acquire();
  if (clock_.now() < fresh_until_) co_return newest_;
  Json out = Json::array();
  for (auto& objective : objectives_) {
    Json each = co_await one(objective);
    out.add(std::move(each));
  }
  newest_ = out;
  fresh_until_ = clock_.now() + kept;
  co_return out;
}

}  // namespace berth::observe
