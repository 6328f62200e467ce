#include "http/h1_parser.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "http/h1_scan.h"

namespace berth::http {
namespace {

Error bad(const char* what) { return Error(Code::invalid, what); }

/// `word` is in small letters; true if `text` is it but for its case.
bool is_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && std::ranges::equal(text, word, [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x | 0x20 : x) == y;
         });
}
/// "host", "host:port" or "[address]:port" (RFC 9110 section 7.2, RFC 3986 section 3.2.2): no user,
/// no blanks, nothing that ends a host for one reader and not for another. May be empty.
bool is_host(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos || end < 3) return false;
    std::size_t begin = 1;
    while (text[begin] == ':' || scan::host_length(text.substr(begin, 1)) == 1) ++begin;
    if (begin != end) return false;
    ++end;
  } else {
    end = scan::host_length(text);
    if (end == 0 && !text.empty()) return false;
  }
  if (end == text.size()) return true;
  if (text[end] != ':') return false;
  return std::ranges::all_of(text.substr(end + 1), [](char c) { return c >= '0' && c <= '9'; });
}

/// What the fields say about the connection and the body, gathered while they are read.
struct Notes {
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade_field = false;
  bool upgrade_option = false;  // in Connection
  std::size_t hosts = 0;
  std::string_view host;
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

/// What it names is for this hop only, and left out by whoever passes the message on: then where
/// the message ends, or for whom it is, may not be among it (RFC 9110 section 7.6.1).
Result<void> note_connection(std::string_view value, Notes& notes) {
  for (;;) {
    std::size_t comma = value.find(',');
    std::string_view option = trim(value.substr(0, comma));
    if (is_word(option, "close")) notes.close = true;
    if (is_word(option, "keep-alive")) notes.keep_alive = true;
    if (is_word(option, "upgrade")) notes.upgrade_option = true;
    for (std::string_view kept : {"content-length", "transfer-encoding", "host"}) {
      if (is_word(option, kept)) return bad("a Connection that names a field which must stay");
    }
    if (comma == value.npos) return {};
    value.remove_prefix(comma + 1);
  }
}

Result<void> note_field(std::string_view name, std::string_view value, Notes& notes) {
  switch (name.size()) {
    case 4:
      if (is_word(name, "host")) {
        ++notes.hosts;
        notes.host = value;
      }
      break;
    case 7:
      if (is_word(name, "upgrade")) notes.upgrade_field = true;
      break;
    case 10:
      if (is_word(name, "connection")) return note_connection(value, notes);
      break;
    case 14:
      if (is_word(name, "content-length")) return note_length(value, notes);
      break;
    case 17:
      if (is_word(name, "transfer-encoding")) {
        if (notes.chunked || !is_word(value, "chunked")) {
          return bad("a Transfer-Encoding other than 'chunked'");
        }
        notes.chunked = true;
      }
      break;
    default:
      break;
  }
  return {};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool at_line_end(const char* at, const char* end) {
  return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/// Where no name begins: the empty line that ends the head, or a fault.
Result<void> end_of_fields(const char* at, const char* end) {
  if (at_line_end(at, end)) return {};
  if (at != end && is_blank(*at)) return bad("a folded header line");
  if (at != end && *at == '\n') return bad("a line of the head that does not end in CR LF");
  return bad("a header name with a character that is not allowed");
}

Result<void> read_fields(const char* at, const char* end, Headers& headers, Notes& notes,
                         const HeadLimits& limits) {
  headers.reserve(8);  // many a request has no more
  for (;;) {
    const char* name_end = scan::token_end(at, end);
    if (name_end == at) return end_of_fields(at, end);
    if (name_end == end || *name_end != ':') {
      return bad("a header name with a character that is not allowed, or without a colon");
    }
    const char* value = name_end + 1;
    while (value != end && is_blank(*value)) ++value;
    const char* line_end = scan::value_end(value, end);
    if (!at_line_end(line_end, end)) {
      return bad("a header value with a control character, or a line that does not end in CR LF");
    }
    const char* value_end = line_end;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    if (headers.size() >= limits.headers_max) {
      return Error(Code::overloaded, "too many header lines");
    }
    std::string_view name(at, name_end);
    std::string_view text(value, value_end);
    if (auto noted = note_field(name, text, notes); !noted.ok()) [[unlikely]]
      return noted;
    headers.add_view(name, text);
    at = line_end + 2;
  }
}

std::optional<std::uint8_t> minor_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return std::nullopt;
}

Result<void> read_target(std::string_view target, RequestHead& head) {
  // Its answer would begin a tunnel to whatever it names (RFC 9110 section 9.3.6): nobody's here.
  if (head.method == "CONNECT") return bad("CONNECT, which is for proxies of clients");
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
    if (!is_host(head.authority)) return bad("a target whose host is none");
    return {};
  }
  return bad("a target that is neither a path nor a URL");
}

/// Moves `at` behind the line.
Result<void> read_request_line(const char*& at, const char* end, RequestHead& head,
                               const HeadLimits& limits) {
  constexpr std::size_t version_bytes = 8;
  const char* method_end = scan::token_end(at, end);
  if (method_end == at || method_end - at > 32) return bad("a method that is not allowed");
  head.method = {at, method_end};
  if (method_end == end || *method_end != ' ')
    return bad("a request line that is not METHOD TARGET HTTP/1.1");
  const char* target = method_end + 1;
  const char* target_end = scan::target_end(target, end);
  std::size_t size = static_cast<std::size_t>(target_end - target);
  if (size > limits.target_bytes_max) return Error(Code::overloaded, "the target is too long");
  if (size == 0 || target_end == end || *target_end != ' ')
    return bad("a target with a character that is not allowed, or no version behind it");
  const char* version = target_end + 1;
  if (static_cast<std::size_t>(end - version) < version_bytes + 2 ||
      !at_line_end(version + version_bytes, end)) {
    return bad("a request line that does not end in HTTP/1.1 and CR LF");
  }
  auto minor = minor_version({version, version_bytes});
  if (!minor) return bad("a version other than HTTP/1.1 and HTTP/1.0");
  head.minor = *minor;
  at = version + version_bytes + 2;
  return read_target({target, target_end}, head);
}

/// Moves `at` behind the line. The reason may be missing, and the space before it.
Result<void> read_status_line(const char*& at, const char* end, ResponseHead& head) {
  const char* line_end = scan::value_end(at, end);
  if (!at_line_end(line_end, end))
    return bad("a status line with a control character, or that does not end in CR LF");
  std::string_view line(at, line_end);
  if (line.size() < 12 || line[8] != ' ') return bad("an answer without a status line");
  auto minor = minor_version(line.substr(0, 8));
  int status = 0;
  for (char c : line.substr(9, 3)) status = c >= '0' && c <= '9' ? status * 10 + (c - '0') : -10000;
  if (!minor || status < 100 || (line.size() > 12 && line[12] != ' ')) {
    return bad("an answer whose status line is not HTTP/1.1 STATUS");
  }
  head.status = status;
  head.minor = *minor;
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  at = line_end + 2;
  return {};
}

}  // namespace

std::size_t HeadFinder::find(std::string_view received) {
  std::size_t from = std::min(searched_ >= 3 ? searched_ - 3 : 0, received.size());
  const char* end = received.data() + received.size();
  const char* last = scan::head_last(received.data() + from, end);
  if (last != end) return static_cast<std::size_t>(last - received.data()) + 1;
  searched_ = received.size();
  return 0;
}

Result<RequestHead> parse_request(Bytes bytes, const HeadLimits& limits) {
  RequestHead head;
  Notes notes;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  TRY(read_request_line(at, end, head, limits));
  TRY(read_fields(at, end, head.headers, notes, limits));
  head.headers.keep(std::move(bytes));
  if (notes.chunked && notes.length) return bad("both Content-Length and Transfer-Encoding");
  if (notes.chunked && head.minor == 0) return bad("Transfer-Encoding in HTTP/1.0");
  if (notes.hosts > 1) return bad("more than one Host");
  if (notes.hosts == 0 && head.minor >= 1) return bad("no Host");
  if (!is_host(notes.host)) return bad("a Host that is none");
  if (notes.chunked) {
    head.framing = {Framing::Kind::chunked, 0};
  } else if (notes.length.value_or(0) > 0) {
    head.framing = {Framing::Kind::length, *notes.length};
  }
  head.keep_alive = !notes.close && (head.minor >= 1 || notes.keep_alive);
  // In HTTP/1.0 it is nobody's to follow (RFC 9110 section 7.8).
  head.upgrade = notes.upgrade_field && notes.upgrade_option && head.minor >= 1;
  return head;
}

Result<ResponseHead> parse_response(Bytes bytes, std::string_view method,
                                    const HeadLimits& limits) {
  ResponseHead head;
  Notes notes;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  TRY(read_status_line(at, end, head));
  TRY(read_fields(at, end, head.headers, notes, limits));
  head.headers.keep(std::move(bytes));
  if (notes.chunked && notes.length) return bad("both Content-Length and Transfer-Encoding");
  if (notes.chunked && head.minor == 0) return bad("Transfer-Encoding in HTTP/1.0");
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

}  // namespace berth::http
