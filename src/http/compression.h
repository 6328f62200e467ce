#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/executor.h"
#include "http/content_encoder.h"
#include "http/server_message.h"

namespace berth::http {

struct CompressionOptions {
  std::size_t bytes_min = 1024;  // a shorter text is not worth it
  ContentEncoder::Levels levels;
  /// Where parts of 16 KiB and more are encoded; null: on the reactor. Outlives the handler.
  Workers* workers = nullptr;
  /// Types of content, "text/html" or "text/*"; none: those that is_compressible() likes.
  std::vector<std::string> types;
};

/// Encodes what `handler` answers as the client likes it best (zstd, gzip), where its type gains by
/// that: text, JSON, XML, JavaScript, SVG, WebAssembly, event streams. What comes part by part is
/// sent part by part: as soon as the source has nothing more at once, what it gave is flushed. Such
/// answers say Vary, and their ETag is a weak one, since the bytes are others. Left as they are:
/// what has a Content-Encoding, parts of something (206), and what says no-transform.
Handler compressed(Handler handler, CompressionOptions options = {});

/// True for types of content that become much shorter.
bool is_compressible(std::string_view content_type);

// The same in parts, for who passes on the answers of others.

/// What an answer says of itself.
struct Encodable {
  int status = 200;
  std::string_view type;
  std::string_view cache_control;
  bool coded = false;                   // has a Content-Encoding
  bool ranged = false;                  // has a Content-Range
  std::optional<std::uint64_t> length;  // nothing: not known
};
/// True if who asks for that gets it encoded; the answer says Vary then.
bool may_encode(const Encodable& answer, const CompressionOptions& options);
/// "zstd", "gzip", or empty: as it is.
std::string_view wished_coding(const Headers& request);
/// `below`'s content in `coding`, flushed as told above.
std::unique_ptr<BodySource> encoded(std::unique_ptr<BodySource> below, std::string_view coding,
                                    const CompressionOptions& options);
/// Encodes `answer` to `request`, if it may be and the client wishes it.
void compress(ServerResponse& answer, const RequestHead& request,
              const CompressionOptions& options);

}  // namespace berth::http
