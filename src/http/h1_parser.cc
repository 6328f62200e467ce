#include "http/h1_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/strings.h"

namespace berth::http {
namespace {

Error bad(const char* what) { return Error(Code::invalid, what); }

/// tchar of RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> token_table = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();
/// What a field's value may hold: visible, space, tab and above 127 (section 5.5).
constexpr std::array<bool, 256> value_table = [] {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}();

bool all_of(std::string_view text, const std::array<bool, 256>& table) {
  for (unsigned char c : text) {
    if (!table[c]) return false;
  }
  return true;
}
bool is_token(std::string_view text) { return !text.empty() && all_of(text, token_table); }

/// Takes a line that ends in CRLF from the front. A bare CR or LF never gets here: the value check
/// refuses both.
std::optional<std::string_view> take_line(std::string_view& text) {
  std::size_t end = text.find('\n');
  if (end == text.npos || end == 0 || text[end - 1] != '\r') return std::nullopt;
  std::string_view line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return line;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// What the fields say about the connection and the body, gathered while they are read.
struct Notes {
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool coded = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  std::size_t hosts = 0;
};

Result<void> note_length(std::string_view value, Notes& notes) {
  // A list of equal lengths is allowed by the RFC, and refused here: nobody sends it but smugglers.
  if (notes.length || value.empty() || value.size() > 18) {
    return bad("more than one Content-Length, or one that is no number");
  }
  std::uint64_t length = 0;
  for (char c : value) {
    if (c < '0' || c > '9') return bad("a Content-Length that is no number");
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  notes.length = length;
  return {};
}

Result<void> note_field(std::string_view name, std::string_view value, Notes& notes) {
  switch (name.size()) {
    case 4:
      if (equal_ignoring_case(name, "host")) ++notes.hosts;
      break;
    case 7:
      if (equal_ignoring_case(name, "upgrade")) notes.upgrade = true;
      break;
    case 10:
      if (equal_ignoring_case(name, "connection")) {
        for (auto token : split(value, ',')) {
          token = trim(token);
          if (equal_ignoring_case(token, "close")) notes.close = true;
          if (equal_ignoring_case(token, "keep-alive")) notes.keep_alive = true;
        }
      }
      break;
    case 14:
      if (equal_ignoring_case(name, "content-length")) return note_length(value, notes);
      break;
    case 17:
      if (equal_ignoring_case(name, "transfer-encoding")) {
        if (notes.coded || !equal_ignoring_case(value, "chunked")) {
          return bad("a Transfer-Encoding other than 'chunked'");
        }
        notes.coded = notes.chunked = true;
      }
      break;
    default:
      break;
  }
  return {};
}

Result<void> read_fields(std::string_view text, Headers& headers, Notes& notes,
                         const HeadLimits& limits) {
  headers.reserve(16);
  for (;;) {
    auto line = take_line(text);
    if (!line) return bad("a line of the head that does not end in CR LF");
    if (line->empty()) return {};
    if (line->front() == ' ' || line->front() == '\t') return bad("a folded header line");
    std::size_t colon = line->find(':');
    if (colon == line->npos) return bad("a header line without a colon");
    std::string_view name = line->substr(0, colon);
    std::string_view value = trim_blanks(line->substr(colon + 1));
    if (!is_token(name)) return bad("a header name with a character that is not allowed");
    if (!all_of(value, value_table)) return bad("a header value with a control character");
    if (headers.size() >= limits.headers_max) {
      return Error(Code::overloaded, "too many header lines");
    }
    TRY(note_field(name, value, notes));
    headers.add_view(name, value);
  }
}

std::optional<std::uint8_t> minor_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return std::nullopt;
}

Result<void> read_target(std::string_view target, RequestHead& head, const HeadLimits& limits) {
  if (target.size() > limits.target_bytes_max) {
    return Error(Code::overloaded, "the target is too long");
  }
  for (unsigned char c : target) {
    if (c <= 0x20 || c == 0x7f || c == '#')
      return bad("a target with a character that is not allowed");
  }
  if (target.starts_with('/') || (target == "*" && head.method == "OPTIONS")) {
    head.target = target;
    return {};
  }
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.size() <= scheme.size() ||
        !equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      continue;
    }
    target.remove_prefix(scheme.size());
    std::size_t slash = target.find_first_of("/?");
    head.authority = target.substr(0, slash);
    head.target = slash == target.npos ? std::string_view("/") : target.substr(slash);
    if (head.authority.empty() || head.target[0] != '/')
      return bad("an absolute target without a path");
    return {};
  }
  return bad("a target that is neither a path nor a URL");
}

Result<void> read_request_line(std::string_view line, RequestHead& head, const HeadLimits& limits) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last)
    return bad("a request line that is not METHOD TARGET HTTP/1.1");
  head.method = line.substr(0, first);
  if (!is_token(head.method) || head.method.size() > 32) return bad("a method that is not allowed");
  auto minor = minor_version(line.substr(last + 1));
  if (!minor) return bad("a version other than HTTP/1.1 and HTTP/1.0");
  head.minor = *minor;
  return read_target(line.substr(first + 1, last - first - 1), head, limits);
}

}  // namespace

std::size_t HeadFinder::find(std::string_view received) {
  std::size_t from = searched_ >= 3 ? searched_ - 3 : 0;
  while (from < received.size()) {
    const void* at = std::memchr(received.data() + from, '\n', received.size() - from);
    if (!at) break;
    auto place = static_cast<std::size_t>(static_cast<const char*>(at) - received.data());
    // An empty line: CR LF CR LF, or LF LF, which parsing refuses.
    if (place + 1 < received.size() && received[place + 1] == '\n') return place + 2;
    if (place + 2 < received.size() && received[place + 1] == '\r' && received[place + 2] == '\n') {
      return place + 3;
    }
    from = place + 1;
  }
  searched_ = received.size();
  return 0;
}

Result<RequestHead> parse_request(Bytes bytes, const HeadLimits& limits) {
  RequestHead head;
  Notes notes;
  std::string_view text = bytes.view();
  auto line = take_line(text);
  if (!line) return bad("a request line that does not end in CR LF");
  TRY(read_request_line(*line, head, limits));
  TRY(read_fields(text, head.headers, notes, limits));
  head.headers.keep(std::move(bytes));
  if (notes.chunked && notes.length) return bad("both Content-Length and Transfer-Encoding");
  if (notes.chunked && head.minor == 0) return bad("Transfer-Encoding in HTTP/1.0");
  if (notes.hosts > 1) return bad("more than one Host");
  if (notes.hosts == 0 && head.minor >= 1) return bad("no Host");
  if (notes.chunked) {
    head.framing = {Framing::Kind::chunked, 0};
  } else if (notes.length.value_or(0) > 0) {
    head.framing = {Framing::Kind::length, *notes.length};
  }
  head.keep_alive = !notes.close && (head.minor >= 1 || notes.keep_alive);
  head.upgrade = notes.upgrade && head.headers.has_token("connection", "upgrade");
  return head;
}

Result<ResponseHead> parse_response(Bytes bytes, std::string_view method,
                                    const HeadLimits& limits) {
  ResponseHead head;
  Notes notes;
  std::string_view text = bytes.view();
  auto line = take_line(text);
  if (!line || line->size() < 12 || (*line)[8] != ' ')
    return bad("an answer without a status line");
  auto minor = minor_version(line->substr(0, 8));
  auto status = parse_integer<int>(line->substr(9, 3), 100, 999);
  if (!minor || !status.ok() || (line->size() > 12 && (*line)[12] != ' ')) {
    return bad("an answer whose status line is not HTTP/1.1 STATUS");
  }
  if (!all_of(line->substr(12), value_table)) return bad("a reason with a control character");
  head.status = *status;
  head.minor = *minor;
  head.reason = line->size() > 13 ? line->substr(13) : std::string_view();
  TRY(read_fields(text, head.headers, notes, limits));
  head.headers.keep(std::move(bytes));
  if (notes.chunked && notes.length) return bad("both Content-Length and Transfer-Encoding");
  head.keep_alive = !notes.close && (head.minor >= 1 || notes.keep_alive);
  if (method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = {};
  } else if (notes.chunked) {
    head.framing = {Framing::Kind::chunked, 0};
  } else if (notes.length) {
    head.framing = {*notes.length ? Framing::Kind::length : Framing::Kind::none, *notes.length};
  } else {
    head.framing = {Framing::Kind::until_close, 0};
    head.keep_alive = false;
  }
  return head;
}

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
    std::string_view extension = line.substr(digits);
    if (digits == 0 || digits == 16 || (!extension.empty() && extension[0] != ';') ||
        !all_of(extension, value_table)) {
      return bad("a chunk size that is no hexadecimal number");
    }
    left_ = size;
    state_ = size > 0 ? State::data : State::trailer;
  } else {
    trailer_bytes_ += line_.size();
    if (trailer_bytes_ > trailer_bytes_max) return bad("trailers that are too long");
    if (line.empty()) {
      state_ = State::done;
    } else if (std::size_t colon = line.find(':'); colon == line.npos ||
                                                   !is_token(line.substr(0, colon)) ||
                                                   !all_of(line.substr(colon), value_table)) {
      return bad("a trailer that is no header line");
    }
  }
  line_.clear();
  return {};
}

}  // namespace berth::http
