#include "proxy/balance/outlier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace berth::proxy {

std::string_view failure_text(Failure failure) {
  switch (failure) {
    case Failure::none:
      return "none";
    case Failure::refused:
      return "no connection";
    case Failure::reset:
      return "ended without an answer";
    case Failure::timeout:
      return "no answer in time";
    case Failure::status:
      return "answered 5xx";
  }
  return "";
}

bool Outlier::note(const catalog::EjectPolicy& policy, Failure failure, Duration took,
                   MonotonicTime now) {
  ++asked_;
  if (failure == Failure::none) {
    ++timed_;
    took_ += took;
    in_row_ = 0;
    if (rests_ > 0 && ++successes_ >= successes_to_forget) --rests_, successes_ = 0;
    return false;
  }
  successes_ = 0;
  ++in_row_;
  ++failed_;
  last_ = failure;
  if (resting_) return false;
  if (policy.failures > 0 && in_row_ >= policy.failures)
    return rest(policy, Why::row, in_row_, now);
  if (policy.share_permille > 0 && asked_ >= policy.requests_min &&
      std::uint64_t{failed_} * 1000 >= std::uint64_t{asked_} * policy.share_permille) {
    return rest(policy, Why::share, 100.0 * failed_ / asked_, now);
  }
  return false;
}

bool Outlier::judge_latency(const catalog::EjectPolicy& policy, double median_ns,
                            MonotonicTime now) {
  if (resting_ || policy.latency_permille == 0 || mean_ns_ == 0 || median_ns <= 0) return false;
  double times = mean_ns_ / median_ns;
  if (times * 1000 < policy.latency_permille) return false;
  return rest(policy, Why::latency, times, now);
}

void Outlier::rest_by_hand(Duration time, MonotonicTime now) {
  until_ = now + time;
  why_ = Why::by_hand;
  resting_ = true;
}

void Outlier::turn(const catalog::EjectPolicy& policy) {
  mean_ns_ = timed_ >= policy.requests_min ? static_cast<double>(took_.count()) / timed_ : 0;
  asked_ = failed_ = timed_ = 0;
  took_ = {};
}

bool Outlier::rest(const catalog::EjectPolicy& policy, Why why, double number, MonotonicTime now) {
  constexpr std::uint32_t doublings_max = 20;
  Duration time = policy.time;
  for (std::uint32_t i = 0; i < std::min(rests_, doublings_max) && time < policy.time_max; ++i)
    time *= 2;
  until_ = now + std::min(time, std::max(policy.time, policy.time_max));
  ++rests_;
  why_ = why;
  number_ = number;
  asked_ = failed_ = timed_ = 0;
  took_ = {};
  resting_ = true;
  return true;
}

void Outlier::come_back(const catalog::EjectPolicy& policy) {
  resting_ = false;
  bool on_trial = policy.failures > 0 && why_ != Why::by_hand;
  in_row_ = on_trial ? policy.failures - 1 : 0;
  mean_ns_ = 0;
}

std::string Outlier::why(MonotonicTime now) const {
  if (!resting_) return "";
  std::string text;
  switch (why_) {
    case Why::row:
      text = fmt::format("{} {} in a row, the last: {}", number_,
                         number_ == 1 ? "failure" : "failures", failure_text(last_));
      break;
    case Why::share:
      text = fmt::format("{:.0f} % of its requests failed, the last: {}", number_,
                         failure_text(last_));
      break;
    case Why::latency:
      text = fmt::format("its answers take {:.1f} times as long as the others'", number_);
      break;
    case Why::by_hand:
      text = "ejected by hand";
      break;
  }
  Duration left = std::max(until_ - now, Duration(0));
  return text + "; back in " + format_duration(left);
}

}  // namespace berth::proxy
