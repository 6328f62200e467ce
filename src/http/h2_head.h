#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/frame_pool.h"
#include "http/message.h"

namespace berth::http {

/// Gathers the fields of a head as HPACK yields them, in one piece of memory and within limits.
/// Whoever calls has checked names and values (nghttp2 does).
class H2HeadBuilder {
 protected:
  explicit H2HeadBuilder(const HeadLimits& limits) : limits_(limits) {}

  struct Piece {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  /// True if there is room for one more field; else all that follow are dropped.
  bool fits(std::string_view name, std::string_view value, std::size_t more = 0);
  Piece keep(std::string_view text);
  void add_field(std::string_view name, std::string_view value);
  /// overloaded: a limit was passed.
  Result<void> check_size() const;
  /// Moves the fields to `headers`, with room for `more`; answers the text that pieces are in.
  std::string_view give_fields(Headers& headers, std::size_t more);
  /// For the next head, in the same memory.
  void clear();

  std::optional<std::uint64_t> length_;  // as content-length tells

 private:
  struct Field {
    Piece name;
    Piece value;
  };

 protected:
  HeadLimits limits_;

 private:
  std::basic_string<char, std::char_traits<char>, FrameAllocator<char>> text_;
  std::vector<Field, FrameAllocator<Field>> fields_;
  bool too_large_ = false;
};

/// Makes of a request's fields the head that HTTP/1.1 would have given (RFC 9113 section 8.3):
/// `host` stands among the headers, cookies are one field.
class H2RequestHeadBuilder : H2HeadBuilder {
 public:
  explicit H2RequestHeadBuilder(const HeadLimits& limits) : H2HeadBuilder(limits) {}

  /// Fields beyond the limits are dropped; end() tells.
  void add(std::string_view name, std::string_view value);
  /// overloaded: a limit was passed; unsupported: CONNECT, but for "websocket"; invalid: `host`
  /// contradicts :authority, or the target is none. `has_body` false: the head ended its stream.
  Result<RequestHead> end(bool has_body);

 private:
  Piece method_;
  Piece path_;
  Piece authority_;
  Piece protocol_;
  std::string cookies_;
};

/// The same for the heads of answers, one after the other, those of one connection.
class H2ResponseHeadBuilder : H2HeadBuilder {
 public:
  explicit H2ResponseHeadBuilder(const HeadLimits& limits) : H2HeadBuilder(limits) {}

  void add(std::string_view name, std::string_view value);
  int status() const { return status_; }
  void clear() {
    H2HeadBuilder::clear();
    status_ = 0;
  }
  /// overloaded: a limit was passed.
  Result<ResponseHead> end(bool has_body);

 private:
  int status_ = 0;
};

}  // namespace berth::http
