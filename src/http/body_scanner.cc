#include "http/body_scanner.h"

#include <algorithm>

#include "http/h1_scan.h"

namespace berth::http {
namespace {

Error bad(const char* what) { return Error(Code::invalid, what); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Removes the blanks at the front; true if there were some.
bool skip_blanks(std::string_view& text) {
  std::size_t size = text.size();
  while (!text.empty() && is_blank(text[0])) text.remove_prefix(1);
  return text.size() != size;
}
bool skip_token(std::string_view& text) {
  const char* end = scan::token_end(text.data(), text.data() + text.size());
  std::size_t size = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(size);
  return size > 0;
}
/// A quoted-string of RFC 9110 section 5.6.4.
bool skip_quoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') ++i;
  }
  return false;
}

/// chunk-ext of RFC 9112 section 7.1.1: names with or without a value, each behind a semicolon.
bool is_chunk_extension(std::string_view text) {
  if (!scan::is_value(text)) return false;
  bool blanks = skip_blanks(text);
  while (!text.empty()) {
    if (text[0] != ';') return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!skip_token(text)) return false;
    blanks = skip_blanks(text);
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!(text.starts_with('"') ? skip_quoted(text) : skip_token(text))) return false;
    blanks = skip_blanks(text);
  }
  return !blanks;
}

}  // namespace

BodyScanner::BodyScanner(Framing framing) : left_(framing.length) {
  switch (framing.kind) {
    case Framing::Kind::none:
      break;
    case Framing::Kind::length:
      state_ = left_ > 0 ? State::data : State::done;
      break;
    case Framing::Kind::chunked:
      state_ = State::size;
      chunked_ = true;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

Result<void> BodyScanner::end() {
  if (state_ == State::until_close) state_ = State::done;
  if (state_ != State::done) return Error(Code::reset, "the connection ended within the body");
  return {};
}

Result<std::size_t> BodyScanner::step(std::string_view input, bool& content) {
  if (state_ == State::until_close) {
    content = true;
    return input.size();
  }
  if (state_ != State::data) return step_line(input);
  content = true;
  std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  left_ -= part;
  if (left_ == 0) state_ = chunked_ ? State::data_end : State::done;
  return part;
}

Result<std::size_t> BodyScanner::step_line(std::string_view input) {
  std::size_t end = input.find('\n');
  std::size_t part = end == input.npos ? input.size() : end + 1;
  std::size_t most = state_ == State::trailer ? trailer_bytes_max : chunk_line_bytes_max;
  if (line_.size() + part > most) return Error(Code::invalid, "a chunk's line is too long");
  line_ += input.substr(0, part);
  if (end != input.npos) TRY(take_line());
  return part;
}

Result<void> BodyScanner::take_line() {
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r')
    return bad("a chunk's line without CR LF");
  std::string_view line = std::string_view(line_).substr(0, line_.size() - 2);
  if (state_ == State::data_end) {
    if (!line.empty()) return bad("a chunk that is longer than it said");
    state_ = State::size;
  } else if (state_ == State::size) {
    std::size_t digits = 0;
    std::uint64_t size = 0;
    for (; digits < line.size() && digits < 16; ++digits) {
      char c = line[digits];
      int value = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (value < 0) break;
      size = size * 16 + static_cast<std::uint64_t>(value);
    }
    if (digits == 0 || digits == 16) return bad("a chunk size that is no hexadecimal number");
    if (!is_chunk_extension(line.substr(digits))) {
      return bad("a chunk size with something behind it that is no extension");
    }
    left_ = size;
    state_ = size > 0 ? State::data : State::trailer;
  } else {
    trailer_bytes_ += line_.size();
    if (trailer_bytes_ > trailer_bytes_max) return bad("trailers that are too long");
    if (line.empty()) {
      state_ = State::done;
    } else if (std::size_t colon = line.find(':'); colon == line.npos ||
                                                   !scan::is_token(line.substr(0, colon)) ||
                                                   !scan::is_value(line.substr(colon))) {
      return bad("a trailer that is no header line");
    }
  }
  line_.clear();
  return {};
}

}  // namespace berth::http
