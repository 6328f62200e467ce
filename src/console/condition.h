#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "console/traffic.h"
#include "placement/records.h"

namespace berth::console {

/// The word for how a service is (docs/formats/api.md, SERVICE).
enum class Health : std::uint8_t { healthy, degraded, failing, starting, stopped };
std::string_view health_name(Health health);

/// How a service is and why, in words.
struct Condition {
  Health health = Health::healthy;
  std::string why;  // empty when healthy
  std::uint32_t wanted = 0;
  std::uint32_t running = 0;  // instances with a process
  std::uint32_t healthy = 0;
  bool by_errors = false;  // failing because of what it answers, not because of its instances
};

/// The instances of one service by number.
using Instances = std::map<std::uint32_t, placement::InstanceRecord>;

/// Whether a service fails by what it answers. Two rules, so that a sudden fault is seen within
/// seconds and a lasting one is not missed, while single errors (a flaky bank) are not a fault:
///   sudden   a fifth of the last 10 s' requests, and at least 5, are errors;
///   lasting  a tenth of the last minute's, and at least 10, while it still goes on: a twentieth of
///            the last 10 s'.
bool fails_by_errors(const ServiceTraffic& traffic);
/// "34 % of its requests answer 500", with the most frequent status; "get no answer" for 0.
std::string errors_text(const ServiceTraffic& traffic);

/// The condition of a service, from what is wanted, what its instances say, why it waits (empty if
/// it does not) and what was counted (null: no request in the last minute).
///   stopped   none is wanted
///   failing   it fails by errors; or none of its instances is healthy though one was started
///   starting  what is missing is on its way for the first time
///   degraded  fewer are healthy than wanted, for another reason
Condition condition_of(const placement::DesiredService& desired, const Instances& instances,
                       std::string_view waits, const ServiceTraffic* traffic);

/// The share as a person reads it: "34 %", "2.5 %", "less than 0.1 %".
std::string percent_text(double share);

}  // namespace berth::console
