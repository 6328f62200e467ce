#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::observe {

/// One frame of RELP: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.
struct RelpFrame {
  std::uint32_t number = 0;  // 1 to 999,999,999; 0 of a hint
  std::string command;       // at most 32 letters
  std::string data;
  bool cut = false;  // there was more of it than is kept
};

/// The frames of a connection (rsyslog's relp.html, protocol version 1). Of data longer than
/// `data_bytes_max` the rest is thrown away, so that at most this much and what was fed last is
/// held. Feed, then take until there is none.
class RelpFrames {
 public:
  static constexpr std::size_t declared_bytes_max = 999'999'999;

  explicit RelpFrames(std::size_t data_bytes_max) : data_bytes_max_(data_bytes_max) {}

  void feed(std::string_view bytes);
  /// Nothing while the next one is not whole. invalid: no frame stands there; it is of no use any
  /// more then.
  Result<std::optional<RelpFrame>> next();

 private:
  /// Reads the head of a frame; false if it is not whole yet.
  Result<bool> begin();

  std::size_t data_bytes_max_;
  std::string held_;
  std::size_t at_ = 0;  // what stands before was taken
  bool in_data_ = false;
  RelpFrame frame_;
  std::size_t left_ = 0;  // of its data
};

void append_relp(std::string& out, std::uint32_t number, std::string_view command,
                 std::string_view data);

}  // namespace berth::observe
