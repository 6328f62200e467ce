#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace berth::http {

/// Encodes a content coding (RFC 9110 section 8.4.1) piece by piece, without I/O: gzip (RFC 1952)
/// and zstd (RFC 8878, with windows of 512 KiB: RFC 9659 allows 8 MiB, but each answer under way
/// has one). Holds about 270 KiB for gzip and 2 MiB for zstd while it lives. One thread at a time.
class ContentEncoder {
 public:
  enum class Then : std::uint8_t {
    more,   // what comes out may wait for what is given next
    flush,  // all that was given so far can be decoded from what came out
    end,
  };
  struct Levels {
    int gzip = 5;  // 1 to 9
    int zstd = 3;  // 1 to 19
  };

  virtual ~ContentEncoder() = default;
  /// For "gzip" and "zstd"; null for others.
  static std::unique_ptr<ContentEncoder> make(std::string_view coding, Levels levels);
  /// What comes out; may be empty unless flushed or ended.
  Bytes encode(std::string_view in, Then then);

 protected:
  struct Step {
    std::size_t taken = 0;
    std::size_t given = 0;
    bool done = false;  // all is taken, and flushed or ended as asked
  };
  virtual Step step(std::string_view in, char* out, std::size_t room, Then then) = 0;
};

}  // namespace berth::http
