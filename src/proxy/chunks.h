#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

// What stands between the content of HTTP/2 and a chunked body of HTTP/1.1 (RFC 9112 section 7.1).

namespace berth::proxy {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// One chunk with that content, which is not empty.
Bytes chunk(const Bytes& part);
/// The last chunk and the trailer section. Fields that frame messages or name a host are left out,
/// since a receiver may take trailers for fields of the head (RFC 9110 section 6.5.1).
Bytes last_chunk(const Fields& trailers);

/// Finds the trailers of a chunked body that a BodyScanner follows and has found right: it is given
/// the bytes that are no content. Its limits are the scanner's.
class TrailerTap {
 public:
  void add(std::string_view framing);
  /// Once the body is over.
  Fields take() { return std::move(fields_); }

 private:
  void take_line(std::string_view line);

  std::string line_;
  bool in_trailers_ = false;
  Fields fields_;
};

}  // namespace berth::proxy
