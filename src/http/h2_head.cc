#include "http/h2_head.h"

#include "base/strings.h"

namespace berth::http {

H2HeadBuilder::Piece H2HeadBuilder::keep(std::string_view text) {
  Piece piece{text_.size(), text.size()};
  text_ += text;
  return piece;
}

void H2HeadBuilder::add(std::string_view name, std::string_view value) {
  std::size_t bytes = text_.size() + cookies_.size() + name.size() + value.size();
  if (bytes > limits_.head_bytes_max || fields_.size() >= limits_.headers_max ||
      (name == ":path" && value.size() > limits_.target_bytes_max)) {
    too_large_ = true;
  }
  if (too_large_) return;
  if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name == "cookie") {
    // Section 8.2.3: they may come in pieces, and are one.
    cookies_ += (cookies_.empty() ? "" : "; ") + std::string(value);
  } else if (!name.starts_with(':')) {
    if (name == "content-length") length_ = parse_integer<std::uint64_t>(value).value_or(0);
    Piece kept = keep(name);
    fields_.push_back({kept, keep(value)});
  }
}

Result<void> H2HeadBuilder::check_target(const RequestHead& head) const {
  if (head.method == "CONNECT") {
    return Error(Code::unsupported, "this server makes no tunnels");
  }
  for (unsigned char c : head.target) {
    if (c <= 0x20 || c == 0x7f || c == '#') {
      return Error(Code::invalid, "a target with a character that is not allowed");
    }
  }
  bool good = head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS");
  if (!good) return Error(Code::invalid, "a target that is no path");
  return {};
}

Result<RequestHead> H2HeadBuilder::end(bool has_body) {
  if (too_large_) {
    return Error(Code::overloaded,
                 "the head is longer than " + std::to_string(limits_.head_bytes_max) +
                     " bytes, has more "
                     "than " +
                     std::to_string(limits_.headers_max) + " fields, or its target is too long");
  }
  Bytes bytes = Bytes::copy(text_);
  auto view = [&](Piece piece) { return bytes.view().substr(piece.begin, piece.size); };
  RequestHead head;
  head.method = view(method_);
  head.target = view(path_);
  head.headers.reserve(fields_.size() + 2);
  for (auto& field : fields_) head.headers.add_view(view(field.name), view(field.value));
  std::string_view authority = view(authority_);
  auto* host = head.headers.find("host");
  if (host && !authority.empty() && !equal_ignoring_case(host->value, authority)) {
    return Error(Code::invalid, "a Host that is not the :authority");
  }
  if (!host && !authority.empty()) head.headers.add_view("host", authority);
  if (!cookies_.empty()) head.headers.add("cookie", std::move(cookies_));
  if (has_body) {
    head.framing.kind = length_ ? Framing::Kind::length : Framing::Kind::chunked;
    head.framing.length = length_.value_or(0);
  }
  TRY(check_target(head));
  head.headers.keep(std::move(bytes));
  return head;
}

}  // namespace berth::http
