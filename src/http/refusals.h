#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "async/clock.h"
#include "base/address.h"
#include "base/log.h"

namespace berth::http {

/// Why a Server did not do what a peer wanted.
enum class Refusal : std::uint8_t {
  connections,             // too many: 503
  connections_per_client,  // too many of one client: 429
  head_time,               // a head that did not come to its end in time: 408
  head_size,               // 431 or 414
  head_syntax,             // 400
  content_size,            // 413
  content_rate,            // content that came too slowly: 408
  answer_rate,             // an answer that was read too slowly: reset
  h2_rate,                 // resets or control frames: ENHANCE_YOUR_CALM
};
inline constexpr std::size_t refusals_count = 9;

/// "connections", "head_time": for metrics.
std::string_view name_of(Refusal refusal);
/// "too many connections": for people.
std::string_view words_of(Refusal refusal);

/// Counts a Server's refusals and logs them: the first of each kind at once, and from then on one
/// line every `log_every` at most, which tells how many there were. One reactor.
class Refusals {
 public:
  static constexpr Duration log_every = 10s;

  Refusals(Clock& clock, Log log) : clock_(clock), log_(log) {}
  void note(Refusal refusal, const Address& peer, std::string_view detail = {});
  std::uint64_t count(Refusal refusal) const {
    return kinds_[static_cast<std::size_t>(refusal)].count;
  }

 private:
  struct Kind {
    std::uint64_t count = 0;
    std::uint64_t told = 0;
    std::optional<MonotonicTime> last_told;
  };

  Clock& clock_;
  Log log_;
  std::array<Kind, refusals_count> kinds_;
};

}  // namespace berth::http
