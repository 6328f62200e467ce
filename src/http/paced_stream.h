#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "async/clock.h"
#include "async/network.h"
#include "http/pace.h"

namespace berth::http {

/// A ByteStream whose peer has to take what is written at some least rate: while writes wait it is
/// looked every `grace` at most how much the peer has taken (or, where the stream does not know,
/// whether a write has ended in time). Who is too slow is told to `slow`, and reset. The first look
/// only marks where the peer stands, so there are two graces. A rate of 0 is no limit. Owned, like
/// `below`, by the connection's coroutine; costs a write that is taken at once nothing.
class PacedStream final : public ByteStream, Timer {
 public:
  PacedStream(Clock& clock, ByteStream& below, Duration grace, std::uint64_t bytes_per_second_min,
              std::move_only_function<void()> slow)
      : clock_(clock),
        below_(below),
        grace_(grace),
        pace_(Pace::of_answers(grace)),
        rate_(bytes_per_second_min),
        slow_(std::move(slow)) {}

  Deferred<Bytes> read(std::size_t bytes_max) override { return below_.read(bytes_max); }
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> write_file(BytesList before, File& file, std::uint64_t offset,
                            std::uint64_t length) override;
  Deferred<void> shutdown_write() override { return below_.shutdown_write(); }
  void close() override { below_.close(); }
  void abort() override { below_.abort(); }
  Address local_address() const override { return below_.local_address(); }
  Address peer_address() const override { return below_.peer_address(); }
  bool broken() const override { return below_.broken(); }
  std::string_view protocol() const override { return below_.protocol(); }
  std::optional<std::uint64_t> delivered() const override { return below_.delivered(); }

 private:
  Deferred<void> timed(Deferred<void> writing, std::uint64_t size);
  void begin(std::uint64_t size);
  void look_at(MonotonicTime due);
  void fire() override;

  Clock& clock_;
  ByteStream& below_;
  Duration grace_;
  Pace pace_;
  std::uint64_t rate_;
  std::move_only_function<void()> slow_;
  bool waiting_ = false;   // a write is under way
  bool watching_ = false;  // the timer's next look counts
  bool known_ = false;     // the stream tells what the peer has taken
  MonotonicTime due_{};    // of that look
  MonotonicTime armed_for_{};
  MonotonicTime since_{};              // when the present wait began, or was looked at
  Duration waited_{};                  // since the last look, before the present wait
  std::optional<std::uint64_t> mark_;  // what was delivered at the last look
};

}  // namespace berth::http
