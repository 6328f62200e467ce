#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::observe {

/// One message of a stream, without its framing. `cut`: it was longer than is kept.
struct SyslogFrame {
  std::string text;
  bool cut = false;
};

/// The messages of a TCP connection (RFC 6587), each framed as it likes: by octet counting where a
/// count of at most 200,000, a blank and '<' begin it, else up to LF, CR LF or NUL. What is longer
/// than `line_bytes_max` is cut there and the rest of it thrown away, so that at most this much and
/// what was fed last is held. Feed, then take until there is none.
class SyslogFrames {
 public:
  static constexpr std::size_t counted_bytes_max = 200'000;

  explicit SyslogFrames(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  void feed(std::string_view bytes);
  std::optional<SyslogFrame> next();
  /// What stands there once the peer has ended, if it is a whole line but for its end.
  std::optional<SyslogFrame> last();
  std::uint64_t counted() const { return counted_; }

 private:
  enum class State : unsigned char { between, line, counted, skip_line, skip_counted };
  /// Decides the next frame's kind; false if more bytes are needed for that.
  bool begin();
  SyslogFrame taken(std::size_t size, bool cut);

  std::size_t line_bytes_max_;
  std::string held_;
  std::size_t at_ = 0;  // what stands before was taken
  State state_ = State::between;
  std::size_t left_ = 0;  // of a counted frame
  std::uint64_t counted_ = 0;
};

}  // namespace berth::observe
