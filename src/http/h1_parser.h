#pragma once

#include "http/body_scanner.h"
#include "http/message.h"

namespace berth::http {

/// Finds the end of a head that arrives in pieces, looking at each byte once.
class HeadFinder {
 public:
  /// `received` is all that has come so far; the head's length with its empty line, or 0: not
  /// complete.
  std::size_t find(std::string_view received);
  void reset() { searched_ = 0; }

 private:
  std::size_t searched_ = 0;
};

/// Reads a complete head (RFC 9112 sections 2 to 6). Strict: what two readers could understand
/// differently is refused with `invalid` and the sentence for a 400: conflicting or repeated
/// lengths, a length beside transfer-encoding, folded lines, bare CR or LF, NUL, spaces before
/// colons, unknown codings. overloaded: a limit was passed (431, 414). The views of the head point
/// into `bytes`.
Result<RequestHead> parse_request(Bytes bytes, const HeadLimits& limits = {});
/// `method` is that of the request, which decides whether there is a body.
Result<ResponseHead> parse_response(Bytes bytes, std::string_view method,
                                    const HeadLimits& limits = {});

}  // namespace berth::http
