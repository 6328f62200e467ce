#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "catalog/policy.h"

namespace berth::proxy {

/// What went wrong with a request to an instance.
enum class Failure : std::uint8_t {
  none,
  refused,  // no connection came about
  reset,    // it ended before a byte of the answer
  timeout,  // no answer in its time
  status,   // 500 to 599
};
std::string_view failure_text(Failure failure);

/// Judges one instance by what it answers, and says when it rests:
///
///     in rotation --failures in a row, share, latency--> resting --its time--> on trial
///          ^                                               ^                      |
///          +------- a success ------------------------------+------ a failure ----+
///
/// The first rest is `time`, each further one twice as long up to time_max; each hundred successes
/// in a row take one doubling back. A plain value without a clock.
class Outlier {
 public:
  static constexpr std::uint32_t successes_to_forget = 100;

  /// True if it rests from now on.
  bool note(const catalog::EjectPolicy& policy, Failure failure, Duration took, MonotonicTime now);
  /// Rests for `latency`: its mean is far above that of the others. True if it rests from now on.
  bool judge_latency(const catalog::EjectPolicy& policy, double median_ns, MonotonicTime now);
  /// An operator says so: it rests for that time.
  void rest_by_hand(Duration time, MonotonicTime now);
  /// Mean time of an answer in the last interval that was whole; 0: it had too few requests.
  double mean_ns() const { return mean_ns_; }
  /// Begins a new interval.
  void turn(const catalog::EjectPolicy& policy);

  bool resting() const { return resting_; }
  MonotonicTime until() const { return until_; }
  /// Its time is over: in rotation again, on trial.
  void come_back(const catalog::EjectPolicy& policy);
  /// "5 failures in a row, the last: refused; back in 4 s".
  std::string why(MonotonicTime now) const;

 private:
  enum class Why : std::uint8_t { row, share, latency, by_hand };
  bool rest(const catalog::EjectPolicy& policy, Why why, double number, MonotonicTime now);

  std::uint32_t in_row_ = 0;
  std::uint32_t successes_ = 0;
  std::uint32_t rests_ = 0;
  std::uint32_t asked_ = 0;   // within this interval
  std::uint32_t failed_ = 0;  // of these
  std::uint32_t timed_ = 0;   // of these, answered
  Duration took_{};           // by these
  double mean_ns_ = 0;
  MonotonicTime until_{};
  double number_ = 0;
  Why why_ = Why::row;
  Failure last_ = Failure::none;
  bool resting_ = false;
};

}  // namespace berth::proxy
