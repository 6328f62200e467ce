#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "async/clock.h"
#include "http/client.h"
#include "http/route.h"

namespace berth::http::detail {

/// How far a request came, for its error, and how long its next step may take. Lives in the frame
/// of the request.
class Progress {
 public:
  enum class Step : std::uint8_t { waiting, resolving, connecting, tunnelling, securing, asking };

  Progress(Clock& clock, const Timeouts& timeouts);

  void begin(Step step) { step_ = step; }
  /// Opening a connection begins.
  void opens() { opens_at_ = clock_.exact_now(); }
  /// It is there; `peer` is the one of several addresses that answered.
  void connected(Address peer) {
    peer_ = std::move(peer);
    connected_in_ = clock_.exact_now() - opens_at_;
  }
  /// A kept connection is used.
  void reuses() { reused_ = true; }
  void opens_anew() { reused_ = false; }
  bool reused() const { return reused_; }

  /// `work`, for at most `limit` and what is left of the whole; zero: as long as it likes.
  template <class T>
  Deferred<T> limited(Duration limit, Deferred<T> work) {
    if (limit_of(limit) == Duration::zero()) return work;
    return with_timeout(clock_, limit_, std::move(work));
  }
  /// How long that is, for who holds to it.
  Duration limit_of(Duration limit) {
    limit_ = least(limit, left());
    return limit_;
  }

  /// "connected to 127.0.0.1:80 in 350 µs, no answer within 2 s".
  std::string told(const Error& error, const Route& route) const;

 private:
  /// Zero: there is no end.
  Duration left() const;
  static Duration least(Duration a, Duration b) {
    if (a == Duration::zero() || b == Duration::zero()) return std::max(a, b);
    return std::min(a, b);
  }

  Clock& clock_;
  Timeouts timeouts_;
  MonotonicTime begun_;
  Step step_ = Step::waiting;
  bool reused_ = false;
  Duration limit_{};
  MonotonicTime opens_at_{};
  Duration connected_in_{};
  Address peer_;
};

}  // namespace berth::http::detail
