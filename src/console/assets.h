#pragma once

#include <span>
#include <string_view>

namespace berth::console {

/// One file of the console's page, embedded at build time (cmake/Embed.cmake). All views are into
/// read-only memory of the binary and live as long as the process.
struct Asset {
  std::string_view path;   ///< as requested: "/" for index.html, else "/assets/…", hash in the name
  std::string_view type;   ///< for Content-Type, with the charset
  std::string_view bytes;  ///< as it is
  std::string_view gzip;   ///< for who accepts Content-Encoding: gzip
  std::string_view etag;   ///< strong, with its quotes (RFC 9110 section 8.8.3)
};

/// All files of the page, "/" among them; at most some tens.
std::span<const Asset> assets();

}  // namespace berth::console
