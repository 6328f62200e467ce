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
/// then hears `closed`. It is armed for long and looks when it fires whether the time has moved
/// meanwhile, so that the many requests that are in time cost the timers nothing. Lives, like what
/// it is given, in the frame of the connection.
///
///   off <-> idle -> head begun -> 408 -> closed
///             +---------------------------^
class HeadDeadline final : Timer {
 public:
  HeadDeadline(Clock& clock, ByteStream& stream, const H1Reader& reader,
               const ServerOptions& options, std::move_only_function<Deferred<void>()> refuse)
      : clock_(clock),
        stream_(stream),
        reader_(reader),
        options_(options),
        refuse_(std::move(refuse)) {}

  /// The first head of a connection is waited for.
  void expect_first();
  /// The next one is, which may be long in coming.
  void expect_next();
  /// It has come; false: too late, another answer is on its way.
  [[nodiscard]] bool lift() {
    due_.reset();
    return !farewell_.valid();
  }

 private:
  void look_at(MonotonicTime due);
  void fire() override;

  Clock& clock_;
  ByteStream& stream_;
  const H1Reader& reader_;
  const ServerOptions& options_;
  std::move_only_function<Deferred<void>()> refuse_;
  std::optional<MonotonicTime> due_;
  MonotonicTime armed_for_{};
  MonotonicTime idle_until_{};
  bool head_begun_ = false;
  Deferred<void> farewell_;
};

}  // namespace berth::http
