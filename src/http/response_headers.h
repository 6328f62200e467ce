#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/frame_pool.h"

namespace berth::http {

/// A text that is a literal, for which nothing is allocated, or one of its own.
class Text {
 public:
  consteval Text(const char* literal) : literal_(literal) {}
  Text(std::string text) : own_(std::move(text)) {}
  Text(std::string_view text) : own_(std::in_place, text) {}

  /// `text` lives as long as the program.
  static Text literal(std::string_view text) {
    Text made("");
    made.literal_ = text;
    return made;
  }

  std::string_view view() const { return own_ ? std::string_view(*own_) : literal_; }
  operator std::string_view() const { return view(); }
  const char* data() const { return view().data(); }
  std::size_t size() const { return view().size(); }
  friend bool operator==(const Text& a, std::string_view b) { return a.view() == b; }

 private:
  std::string_view literal_;
  std::optional<std::string> own_;
};

struct ResponseHeader {
  Text name;
  Text value;
};

/// The header fields of an answer in their order.
class ResponseHeaders {
 public:
  ResponseHeaders() = default;
  ResponseHeaders(std::initializer_list<ResponseHeader> headers) : list_(headers) {}

  void emplace_back(Text name, Text value) { list_.push_back({std::move(name), std::move(value)}); }
  /// The first of that name, in any case; null for none.
  ResponseHeader* find(std::string_view name);
  const ResponseHeader* find(std::string_view name) const;
  /// One field of that name, instead of those that are there.
  void set(Text name, Text value);
  void remove(std::string_view name);
  /// Adds `token` to the list that the field `name` is, unless it is in it.
  void add_token(Text name, std::string_view token);
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  std::size_t size() const { return list_.size(); }

 private:
  std::vector<ResponseHeader, FrameAllocator<ResponseHeader>> list_;
};

}  // namespace berth::http
