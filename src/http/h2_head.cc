#include "http/h2_head.h"

#include "base/strings.h"
#include "http/pooled_bytes.h"

namespace berth::http {
namespace {

/// Tells an extended CONNECT as HTTP/1.1 would have it.
Result<void> check_method(RequestHead& head) {
  if (head.protocol.empty()) {
    if (head.method != "CONNECT") return {};
    return Error(Code::unsupported, "this server makes no tunnels");
  }
  if (head.protocol != "websocket") {
    return Error(Code::unsupported, "this server knows no CONNECT but that of WebSockets");
  }
  head.method = "GET";
  head.upgrade = true;
  head.framing = {};
  return {};
}

Result<void> check_target(const RequestHead& head) {
  for (unsigned char c : head.target) {
    if (c <= 0x20 || c == 0x7f || c == '#') {
      return Error(Code::invalid, "a target with a character that is not allowed");
    }
  }
  bool good = head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS");
  if (!good) return Error(Code::invalid, "a target that is no path");
  return {};
}

Framing framing_of(bool has_body, std::optional<std::uint64_t> length) {
  if (!has_body) return {};
  return {length ? Framing::Kind::length : Framing::Kind::chunked, length.value_or(0)};
}

/// Digits alone; 0 where nghttp2 has let pass what is none, or too many.
std::uint64_t number_of(std::string_view digits) {
  constexpr std::size_t digits_max = 18;
  std::uint64_t number = 0;
  for (char digit : digits) {
    if (digit < '0' || digit > '9' || digits.size() > digits_max) return 0;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

}  // namespace

bool H2HeadBuilder::fits(std::string_view name, std::string_view value, std::size_t more) {
  std::size_t bytes = text_.size() + more + name.size() + value.size();
  if (bytes > limits_.head_bytes_max || fields_.size() >= limits_.headers_max) too_large_ = true;
  if (name == ":path" && value.size() > limits_.target_bytes_max) too_large_ = true;
  return !too_large_;
}

H2HeadBuilder::Piece H2HeadBuilder::keep(std::string_view text) {
  Piece piece{text_.size(), text.size()};
  text_ += text;
  return piece;
}

void H2HeadBuilder::add_field(std::string_view name, std::string_view value) {
  if (name == "content-length") length_ = number_of(value);
  Piece kept = keep(name);
  fields_.push_back({kept, keep(value)});
}

Result<void> H2HeadBuilder::check_size() const {
  if (!too_large_) return {};
  return Error(Code::overloaded,
               "the head is longer than " + std::to_string(limits_.head_bytes_max) +
                   " bytes, has more than " + std::to_string(limits_.headers_max) +
                   " fields, or its target is too long");
}

void H2HeadBuilder::clear() {
  length_.reset();
  text_.clear();
  fields_.clear();
  too_large_ = false;
}

std::string_view H2HeadBuilder::give_fields(Headers& headers, std::size_t more) {
  Bytes bytes = pooled_copy(text_);
  std::string_view text = bytes.view();
  headers.reserve(fields_.size() + more);
  for (auto& field : fields_) {
    headers.add_view(text.substr(field.name.begin, field.name.size),
                     text.substr(field.value.begin, field.value.size));
  }
  headers.keep(std::move(bytes));
  return text;
}

void H2RequestHeadBuilder::add(std::string_view name, std::string_view value) {
  if (!fits(name, value, cookies_.size())) return;
  if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":path") {
    path_ = keep(value);
  } else if (name == ":authority") {
    authority_ = keep(value);
  } else if (name == ":protocol") {
    protocol_ = keep(value);
  } else if (name == "cookie") {
    // Section 8.2.3: they may come in pieces, and are one.
    cookies_ += (cookies_.empty() ? "" : "; ") + std::string(value);
  } else if (!name.starts_with(':')) {
    add_field(name, value);
  }
}

Result<RequestHead> H2RequestHeadBuilder::end(bool has_body) {
  TRY(check_size());
  RequestHead head;
  std::string_view text = give_fields(head.headers, 2);
  auto view = [&](Piece piece) { return text.substr(piece.begin, piece.size); };
  head.method = view(method_);
  head.target = view(path_);
  head.protocol = view(protocol_);
  std::string_view authority = view(authority_);
  auto* host = head.headers.find("host");
  if (host && !authority.empty() && !equal_ignoring_case(host->value, authority)) {
    return Error(Code::invalid, "a Host that is not the :authority");
  }
  if (!host && !authority.empty()) head.headers.add_view("host", authority);
  if (!cookies_.empty()) head.headers.add("cookie", std::move(cookies_));
  head.framing = framing_of(has_body, length_);
  TRY(check_method(head));
  TRY(check_target(head));
  return head;
}

void H2ResponseHeadBuilder::add(std::string_view name, std::string_view value) {
  if (!fits(name, value)) return;
  if (name == ":status") {
    status_ = value.size() == 3 ? static_cast<int>(number_of(value)) : 0;
  } else if (!name.starts_with(':')) {
    add_field(name, value);
  }
}

Result<ResponseHead> H2ResponseHeadBuilder::end(bool has_body) {
  TRY(check_size());
  ResponseHead head;
  head.major = 2;
  head.minor = 0;
  head.status = status_;
  head.reason = reason_of(status_);
  give_fields(head.headers, 0);
  head.framing = framing_of(has_body, length_);
  return head;
}

}  // namespace berth::http
