#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace berth::http {

/// Gathers the fields of a request's head as HPACK yields them, and makes of them the head that
/// HTTP/1.1 would have given (RFC 9113 section 8.3): `host` stands among the headers, cookies are
/// one field. Whoever calls has checked names and values (nghttp2 does).
class H2HeadBuilder {
 public:
  explicit H2HeadBuilder(const HeadLimits& limits) : limits_(limits) {}

  /// Fields beyond the limits are dropped; end() tells.
  void add(std::string_view name, std::string_view value);
  /// overloaded: a limit was passed; unsupported: CONNECT; invalid: `host` contradicts :authority,
  /// or the target is none. `has_body` false: the head ended its stream.
  Result<RequestHead> end(bool has_body);

 private:
  struct Piece {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  struct Field {
    Piece name;
    Piece value;
  };
  Piece keep(std::string_view text);
  Result<void> check_target(const RequestHead& head) const;

  HeadLimits limits_;
  std::string text_;
  std::vector<Field> fields_;
  Piece method_;
  Piece path_;
  Piece authority_;
  std::string cookies_;
  std::optional<std::uint64_t> length_;
  bool too_large_ = false;
};

}  // namespace berth::http
