#pragma once

#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "async/frame_pool.h"
#include "base/bytes.h"
#include "base/result.h"

namespace berth::http {

/// What bounds a message's head (RFC 9112 section 3 leaves it to us). Beyond: 431, or 414 for the
/// target.
struct HeadLimits {
  std::size_t head_bytes_max = 32 << 10;
  std::size_t headers_max = 100;
  std::size_t target_bytes_max = 8 << 10;
};

struct Header {
  std::string_view name;
  std::string_view value;
};

/// The header fields of one message in their order. Names compare without case. Views point into
/// the received head, or into texts that this object keeps; both live as long as it. Move-only.
class Headers {
 public:
  Headers() = default;
  Headers(Headers&&) = default;
  Headers& operator=(Headers&&) = default;
  Headers(const Headers&) = delete;

  /// Both texts live at least as long as this object.
  void add_view(std::string_view name, std::string_view value) { list_.push_back({name, value}); }
  void add(std::string name, std::string value) {
    std::string_view kept = keep(std::move(name));
    add_view(kept, keep(std::move(value)));
  }
  void set(std::string name, std::string value) {
    remove(name);
    add(std::move(name), std::move(value));
  }
  void remove(std::string_view name);
  /// The first of that name, or null pointer.
  const Header* find(std::string_view name) const;
  std::string_view value(std::string_view name) const {
    auto* found = find(name);
    return found ? found->value : std::string_view();
  }
  /// True if one of the comma-separated elements of any field of that name is `token`.
  bool has_token(std::string_view name, std::string_view token) const;
  std::string_view keep(std::string text) { return owned_.emplace_front(std::move(text)); }
  /// The memory that the views of a parsed head point into.
  void keep(Bytes bytes) { bytes_ = std::move(bytes); }

  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  std::size_t size() const { return list_.size(); }
  void reserve(std::size_t count) { list_.reserve(count); }

 private:
  std::vector<Header, FrameAllocator<Header>> list_;
  std::forward_list<std::string> owned_;
  Bytes bytes_;
};

/// How the end of a message's body is known (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};

struct RequestHead {
  std::string_view method;
  std::string_view target;     // origin form "/path?query", or "*"
  std::string_view authority;  // of the absolute form, else empty
  std::uint8_t minor = 1;      // HTTP/1.x
  Headers headers;
  Framing framing;
  bool keep_alive = true;
  bool upgrade = false;  // asks for another protocol
  /// By HTTP/2: what an extended CONNECT (RFC 8441) asks for, "websocket". It is told as the GET
  /// with an Upgrade that it would be by HTTP/1.1, and has no content.
  std::string_view protocol;

  std::string_view path() const { return target.substr(0, target.find('?')); }
  std::string_view query() const {
    auto mark = target.find('?');
    return mark == target.npos ? std::string_view() : target.substr(mark + 1);
  }
  /// The host asked for, without its port: of the absolute form, else of the Host field.
  std::string_view host() const;
  bool expects_continue() const;
};

struct ResponseHead {
  int status = 200;
  std::string_view reason;  // in HTTP/2: that of the status
  std::uint8_t major = 1;
  std::uint8_t minor = 1;
  Headers headers;
  Framing framing;
  bool keep_alive = true;
};

/// GET, HEAD, OPTIONS, TRACE, PUT, DELETE: may be sent again (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method);
/// False for 1xx, 204 and 304, whose messages end with their head (RFC 9112 section 6.3).
constexpr bool may_have_content(int status) {
  return status >= 200 && status != 204 && status != 304;
}
/// "Not Found" of 404; empty for unknown ones.
std::string_view reason_of(int status);

}  // namespace berth::http
