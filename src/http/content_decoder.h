#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace berth::http {

/// What is decoded may be `ratio_max` times as long as what came, and `free_bytes` more: beyond it
/// is a bomb, and answers overloaded.
struct ExpansionLimit {
  std::uint64_t ratio_max = 256;
  std::uint64_t free_bytes = 1 << 20;
};

/// Decodes a content coding (RFC 9110 section 8.4.1) piece by piece, without I/O: gzip (RFC 1952,
/// also of several members) and zstd (RFC 8878, of several frames, windows up to 8 MiB as RFC 9659
/// demands). Give it what came by `feed`, then call `next` until it answers with nothing; at the
/// end of what came call `end`. After an error it is of no use.
class ContentDecoder {
 public:
  static constexpr std::size_t piece_bytes_max = 64 << 10;

  virtual ~ContentDecoder() = default;
  /// For "gzip", "x-gzip" and "zstd", in any case; null for others.
  static std::unique_ptr<ContentDecoder> make(std::string_view coding, ExpansionLimit limit = {});

  /// Only once next() has answered with nothing.
  void feed(Bytes bytes);
  /// The next decoded piece, at most piece_bytes_max; empty: feed more. Errors: invalid for what is
  /// no such coding, overloaded beyond the limit.
  Result<Bytes> next();
  /// invalid if what came ends in the middle. Nothing at all is fine: empty content.
  Result<void> end() const;

 protected:
  explicit ContentDecoder(ExpansionLimit limit) : limit_(limit) {}

  struct Step {
    std::size_t taken = 0;
    std::size_t given = 0;
  };
  /// Decodes from the front of `in`, which may be empty while output is held, to `out`.
  virtual Result<Step> step(std::string_view in, char* out, std::size_t room) = 0;
  /// More may come out though all of the input is taken.
  virtual bool holds_output() const = 0;
  /// Between two members: here the content may end.
  virtual bool whole() const = 0;
  virtual std::string_view name() const = 0;

 private:
  ExpansionLimit limit_;
  Bytes input_;
  std::uint64_t taken_ = 0;
  std::uint64_t given_ = 0;
};

}  // namespace berth::http
