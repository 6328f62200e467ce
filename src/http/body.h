#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "async/disk.h"
#include "base/bytes.h"

namespace berth::http {

/// A part of a file, to be sent as it stands there. Whoever gave it keeps the file.
struct FilePart {
  File* file = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Where a body's content comes from, part by part, as fast as it is asked for.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next part; empty at the end. One at a time.
  virtual Deferred<Bytes> read() = 0;
  /// What is left of the content, where that is a part of a file; else null. Whoever sends it so
  /// reads no more.
  virtual const FilePart* file_part() const { return nullptr; }
  /// After the end: the fields that follow the content (RFC 9110 section 6.5); once.
  virtual std::vector<std::pair<std::string, std::string>> trailers() { return {}; }
};

/// The body of a message to be sent: nothing, text that is there, or a source, of a length that is
/// known or not (then it is sent chunked).
struct Body {
  Body() = default;
  Body(const std::string& text);
  Body(const char* text);
  Body(Bytes bytes) : text(std::move(bytes)) {}
  Body(std::unique_ptr<BodySource> source) : source(std::move(source)) {}
  /// `source` gives exactly `length` bytes, and has no trailers.
  Body(std::unique_ptr<BodySource> source, std::uint64_t length)
      : source(std::move(source)), length(length) {}

  Bytes text;
  std::unique_ptr<BodySource> source;
  std::optional<std::uint64_t> length;  // of what the source gives
};

/// Reads `source` to its end; overloaded beyond `bytes_max`.
Deferred<std::string> read_all(BodySource& source, std::size_t bytes_max);

}  // namespace berth::http
