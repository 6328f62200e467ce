#pragma once

#include <nghttp2/nghttp2.h>

#include <forward_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/frame_pool.h"

namespace berth::http {

/// A head or trailers as nghttp2 takes them: names in small letters, without the fields that
/// HTTP/1.1 has for the connection (RFC 9113 section 8.2.2) and those that no head may hold. Views
/// of what was added live elsewhere.
class H2Fields {
 public:
  /// As it is.
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, std::string value) { add(name, keep(std::move(value))); }
  /// One of a message's own; true if it was taken. `te` is, where it says "trailers".
  bool add_header(std::string_view name, std::string_view value);
  void reserve(std::size_t count) { list_.reserve(count); }
  /// For another one, in the same memory.
  void clear() {
    kept_.clear();
    list_.clear();
  }

  const nghttp2_nv* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  std::string_view keep(std::string text) { return kept_.emplace_front(std::move(text)); }

  std::forward_list<std::string, FrameAllocator<std::string>> kept_;
  std::vector<nghttp2_nv, FrameAllocator<nghttp2_nv>> list_;
};

class H2Stream;

/// nghttp2's way to ask for the content, and then the trailers, of a stream that is its stream's
/// user data.
nghttp2_data_provider content_of_stream();

}  // namespace berth::http
