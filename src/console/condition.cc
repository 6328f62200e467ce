#include "console/condition.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::console {
namespace {

using placement::InstanceRecord;
using placement::InstanceState;

constexpr std::size_t short_window = ServiceTraffic::window;
constexpr std::size_t long_window = ServiceTraffic::seconds;

bool runs(const InstanceRecord& instance) {
  return instance.pid != 0 && instance.state != InstanceState::stopped &&
         instance.state != InstanceState::failed;
}

/// On its way for the first time: nothing speaks against it yet.
bool arrives(const InstanceRecord& instance) {
  return instance.restarts == 0 &&
         (instance.state == InstanceState::pending || instance.state == InstanceState::starting);
}

/// What an operator looks at first: the higher the worse.
int badness(const InstanceRecord& instance) {
  switch (instance.state) {
    case InstanceState::failed:
      return 4;
    case InstanceState::unhealthy:
      return 3;
    case InstanceState::pending:
    case InstanceState::starting:
      return instance.restarts > 0 ? 2 : 1;
    default:
      return 0;
  }
}

/// "orders/2: ended with status 1" of the instance that is worst; empty if there is none.
std::string worst_instance(const Instances& instances) {
  const InstanceRecord* worst = nullptr;
  for (auto& [number, instance] : instances) {
    if (badness(instance) > (worst ? badness(*worst) : 0)) worst = &instance;
  }
  if (!worst) return "";
  std::string what = worst->why;
  if (what.empty()) what = fmt::format("it is {}", placement::state_name(worst->state));
  return worst->id() + ": " + what;
}

std::string stopped_text(const placement::DesiredService& desired, std::uint32_t running) {
  if (desired.removed) {
    return running == 0 ? "it is being removed"
                        : fmt::format("it is being removed; {} still run", running);
  }
  return running == 0 ? "no instance is wanted"
                      : fmt::format("no instance is wanted; {} still run", running);
}

std::string missing_text(const Condition& condition, const Instances& instances,
                         std::string_view waits) {
  std::string instance = worst_instance(instances);
  std::string reason = instance.empty() ? std::string(waits) : instance;
  if (condition.healthy == 0 && condition.health == Health::failing) {
    std::string none = condition.wanted == 1
                           ? "its only instance is not healthy"
                           : fmt::format("none of its {} instances is healthy", condition.wanted);
    return reason.empty() ? none : none + "; " + reason;
  }
  if (!reason.empty()) return reason;
  return fmt::format("{} of {} are healthy", condition.healthy, condition.wanted);
}

}  // namespace

std::string_view health_name(Health health) {
  constexpr std::string_view names[] = {"healthy", "degraded", "failing", "starting", "stopped"};
  return names[static_cast<std::size_t>(health)];
}

bool fails_by_errors(const ServiceTraffic& traffic) {
  double now = traffic.errors_in(short_window);
  double now_all = traffic.requests_in(short_window);
  if (now >= 5 && now >= 0.2 * now_all) return true;
  double minute = traffic.errors_in(long_window);
  return minute >= 10 && minute >= 0.1 * traffic.requests_in(long_window) && now > 0 &&
         now >= 0.05 * now_all;
}

std::string percent_text(double share) {
  double percent = share * 100;
  if (percent > 0 && percent < 0.1) return "less than 0.1 %";
  if (percent >= 9.95 || percent == 0) return fmt::format("{:.0f} %", percent);
  std::string text = fmt::format("{:.1f}", percent);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " %";
}

std::string errors_text(const ServiceTraffic& traffic) {
  double all = traffic.errors_in(short_window);
  int most_frequent = 0;
  double most = 0;
  for (auto& [status, count] : traffic.errors_by_status) {
    if (count > most) {
      most = count;
      most_frequent = status;
    }
  }
  double share = traffic.errors_share().value_or(0);
  std::string what = most_frequent == 0 ? "get no answer" : fmt::format("answer {}", most_frequent);
  if (most < all * 0.8)
    what = "fail, most " +
           (most_frequent == 0 ? "without an answer" : fmt::format("with {}", most_frequent));
  std::string how_many = share >= 0.995 ? "all" : percent_text(share);
  return how_many + " of its requests " + what;
}

Condition condition_of(const placement::DesiredService& desired, const Instances& instances,
                       std::string_view waits, const ServiceTraffic* traffic) {
  Condition condition;
  condition.wanted = desired.removed ? 0 : desired.instances;
  bool all_arrive = true;
  for (auto& [number, instance] : instances) {
    condition.running += runs(instance) ? 1 : 0;
    condition.healthy += instance.state == InstanceState::healthy ? 1 : 0;
    all_arrive &= instance.state == InstanceState::healthy ||
                  instance.state == InstanceState::draining ||
                  instance.state == InstanceState::stopped || arrives(instance);
  }
  if (condition.wanted == 0) {
    condition.health = Health::stopped;
    condition.why = stopped_text(desired, condition.running);
  } else if (traffic && fails_by_errors(*traffic)) {
    condition.health = Health::failing;
    condition.why = errors_text(*traffic);
    condition.by_errors = true;
  } else if (condition.healthy < condition.wanted) {
    condition.health = all_arrive               ? Health::starting
                       : condition.healthy == 0 ? Health::failing
                                                : Health::degraded;
    condition.why = missing_text(condition, instances, waits);
  }
  return condition;
}

}  // namespace berth::console
