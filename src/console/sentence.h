#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "console/condition.h"
#include "console/traffic.h"

namespace berth::console {

/// One service as the sentence looks at it.
struct ServiceNow {
  const placement::DesiredService* desired = nullptr;
  Condition condition;
  WallTime since{};  // its health is what it is
  double errors_per_second = 0;
};

/// The sentence of state (docs/formats/api.md, GET /v1/state): what an operator needs to know
/// first when woken at night.
struct Sentence {
  enum class Level : std::uint8_t { ok, warn, bad };
  Level level = Level::ok;
  std::string text;
  WallTime since{};
  std::string service;          // the worst; empty when all is well
  std::uint64_t version = 0;    // of the deploy that it began with; 0: with none
  WallTime deployed{};          // when that deploy began
  std::uint64_t return_to = 0;  // 0: returning does not help
  std::size_t others = 0;
};

/// Makes the sentence. The worst is a failing service before a degraded before a starting one;
/// among failing ones that which calls no other failing one (it is the cause, its callers fail
/// with it), then that with the most errors, then the one that has failed for longest. `well_since`
/// is when all became well.
///
/// It began with a deploy if it began within that deploy's rollout or 5 min after. Returning may
/// help if that deploy's version is the target and there is a good one before it.
Sentence make_sentence(const std::vector<ServiceNow>& services, const std::vector<Call>& calls,
                       WallTime well_since);

void write(JsonWriter& out, const Sentence& sentence);

/// Milliseconds since 1970, as all times of the API.
constexpr std::int64_t milliseconds(WallTime time) { return time.nanoseconds / 1'000'000; }

}  // namespace berth::console
