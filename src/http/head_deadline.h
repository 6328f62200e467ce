#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "async/clock.h"
#include "async/network.h"
#include "http/h1_reader.h"
#include "http/server_options.h"

namespace berth::http {

/// Ends a connection of HTTP/1.1 whose next request does not come in time: quietly where nothing of
/// it has come, else with what `refuse` says (408, RFC 9110 section 15.5.9). Whoever reads the head
/// then hears `closed`; or `cancelled` where nothing has come for `park_after`, so that the
/// connection can be parked. It looks when it fires whether the time has moved meanwhile, so that
/// the many requests that are in time cost the timers nothing. Lives, like what it is given, in the
/// frame of the connection.
///
///   off <-> idle -> head begun -> 408 -> closed
///             +-> silent
class HeadDeadline final : Timer {
 public:
  HeadDeadline(Clock& clock, ByteStream& stream, H1Reader& reader, const ServerOptions& options,
               std::move_only_function<Deferred<void>()> refuse)
      : clock_(clock),
        stream_(stream),
        reader_(reader),
        options_(options),
        refuse_(std::move(refuse)) {}

  /// The first head of a connection is waited for.
  void expect_first();
  /// The next one is, which may be long in coming.
  void expect_next();
  /// Nothing has come for a while: until when the connection may stay so.
  std::optional<MonotonicTime> silent_until() const {
    return silent_ ? std::optional(idle_until_) : std::nullopt;
  }
  /// It has come; false: too late, another answer is on its way.
  [[nodiscard]] bool lift() {
    due_.reset();
    return !farewell_.valid();
  }

 private:
  void wait_for_first_byte(Duration limit);
  void look_at(MonotonicTime due);
  void fire() override;

  Clock& clock_;
  ByteStream& stream_;
  H1Reader& reader_;
  const ServerOptions& options_;
  std::move_only_function<Deferred<void>()> refuse_;
  std::optional<MonotonicTime> due_;
  MonotonicTime armed_for_{};
  MonotonicTime idle_until_{};
  MonotonicTime head_until_{};
  bool head_begun_ = false;
  bool silent_ = false;
  Deferred<void> farewell_;
};

}  // namespace berth::http
