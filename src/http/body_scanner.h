#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace berth::http {

/// Follows a body through the bytes of a connection without copying them.
class BodyScanner {
 public:
  static constexpr std::size_t chunk_line_bytes_max = 256;
  static constexpr std::size_t trailer_bytes_max = 8 << 10;

  BodyScanner() = default;
  explicit BodyScanner(Framing framing);

  bool done() const { return state_ == State::done; }
  /// How many bytes at the front of `input` belong to this body as it stands on the wire (chunk
  /// lines and trailers too); `data` is called with each part that is content. invalid: broken
  /// chunks.
  template <class Data>
  Result<std::size_t> scan(std::string_view input, Data&& data);
  /// The same, but stops behind the first part that is content.
  template <class Data>
  Result<std::size_t> scan_one(std::string_view input, Data&& data);
  /// The connection ended: fine only where that is the body's end.
  Result<void> end();

 private:
  enum class State : std::uint8_t { data, until_close, size, data_end, trailer, done };
  /// One step: consumes the front of `input`; sets `content` if that was content.
  Result<std::size_t> step(std::string_view input, bool& content);
  Result<std::size_t> step_line(std::string_view input);
  Result<void> take_line();

  State state_ = State::done;
  bool chunked_ = false;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string line_;
};

template <class Data>
Result<std::size_t> BodyScanner::scan(std::string_view input, Data&& data) {
  std::size_t total = 0;
  while (total < input.size() && !done()) {
    bool content = false;
    auto consumed = step(input.substr(total), content);
    if (!consumed.ok()) return std::move(consumed).error();
    if (content) data(total, *consumed);
    total += *consumed;
  }
  return total;
}

template <class Data>
Result<std::size_t> BodyScanner::scan_one(std::string_view input, Data&& data) {
  std::size_t total = 0;
  bool content = false;
  while (total < input.size() && !done() && !content) {
    auto consumed = step(input.substr(total), content);
    if (!consumed.ok()) return std::move(consumed).error();
    if (content) data(total, *consumed);
    total += *consumed;
  }
  return total;
}

}  // namespace berth::http
