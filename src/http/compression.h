#pragma once

#include <cstddef>
#include <string_view>

#include "async/executor.h"
#include "http/content_encoder.h"
#include "http/server_message.h"

namespace berth::http {

struct CompressionOptions {
  std::size_t bytes_min = 1024;  // a shorter text is not worth it
  ContentEncoder::Levels levels;
  /// Where parts of 16 KiB and more are encoded; null: on the reactor. Outlives the handler.
  Workers* workers = nullptr;
};

/// Encodes what `handler` answers as the client likes it best (zstd, gzip), where its type gains by
/// that: text, JSON, XML, JavaScript, SVG, WebAssembly, event streams. What comes part by part is
/// sent part by part: as soon as the source has nothing more at once, what it gave is flushed. Such
/// answers say Vary, and their ETag is a weak one, since the bytes are others. Left as they are:
/// what has a Content-Encoding, parts of something (206), and what says no-transform.
Handler compressed(Handler handler, CompressionOptions options = {});

/// True for types of content that become much shorter.
bool is_compressible(std::string_view content_type);

}  // namespace berth::http
