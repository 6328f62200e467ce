#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "async/network.h"

namespace berth {

/// The lines of a stream: Twisted's LineReceiver. A line ends with LF or CRLF, which are not part
/// of it. One next() at a time; the stream outlives it. Cancelling next() loses nothing.
class LineReader {
 public:
  explicit LineReader(ByteStream& stream, std::size_t line_bytes_max = 16384)
      : stream_(stream), line_bytes_max_(line_bytes_max) {}

  /// Nothing once the peer has ended its half; a last line that was not ended is dropped, since it
  /// may be the beginning of one. Errors: as ByteStream::read; overloaded for a line longer than
  /// `line_bytes_max`, after which the stream is of no use.
  Deferred<std::optional<std::string>> next();

 private:
  ByteStream& stream_;
  std::size_t line_bytes_max_;
  Bytes rest_;           // what was read and not looked at
  std::string partial_;  // the beginning of a line
};

}  // namespace berth
