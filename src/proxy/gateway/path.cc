#include "proxy/gateway/path.h"

#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

/// RFC 3986 section 2.3.
bool unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// One look that most paths pass: nothing encoded, no segment that begins with a dot, no "//".
bool normal_already(std::string_view path, bool merge) {
  char before = 'x';
  for (char c : path) {
    if (c == '%' || c == '\\' || (before == '/' && (c == '.' || (merge && c == '/')))) return false;
    before = c;
  }
  return true;
}

/// Decodes what need not be encoded and writes the other escapes in capital letters.
PathFault decode(std::string_view path, const PathRules& rules, std::string& out) {
  static constexpr char digits[] = "0123456789ABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\' && !rules.encoded_slashes) return PathFault::encoded_slash;
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
    int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
    if (high < 0 || low < 0) return PathFault::control;
    auto byte = static_cast<unsigned char>(high * 16 + low);
    i += 2;
    if (byte < 0x20 || byte == 0x7f) return PathFault::control;
    if ((byte == '/' || byte == '\\') && !rules.encoded_slashes) return PathFault::encoded_slash;
    if (unreserved(byte)) {
      out += static_cast<char>(byte);
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return PathFault::none;
}

/// RFC 3986 section 5.2.4, in place; ".." above the root is refused instead of ignored. A segment
/// counts up to its ';' as well, since some servers cut parameters off before they look for dots.
PathFault resolve_dots(std::string& path, bool merge) {
  std::string_view from = path;
  std::size_t kept = 0;
  std::size_t at = 0;
  while (at < from.size()) {
    std::size_t end = from.find('/', at + 1);
    if (end == from.npos) end = from.size();
    std::string_view segment = from.substr(at + 1, end - at - 1);
    std::string_view bare = segment.substr(0, segment.find(';'));
    bool last = end == from.size();
    if (bare == "..") {
      if (kept == 0) return PathFault::above;
      kept = from.substr(0, kept).rfind('/');
    }
    if (bare == "." || bare == "..") {
      if (last) path[kept++] = '/';
    } else if (!(merge && segment.empty() && !last)) {
      for (std::size_t i = at; i < end; ++i) path[kept++] = path[i];
    }
    at = end;
  }
  path.resize(kept);
  if (path.empty()) path = "/";
  return PathFault::none;
}

}  // namespace

std::string_view text_of(PathFault fault) {
  switch (fault) {
    case PathFault::none:
      return "";
    case PathFault::encoded_slash:
      return "the path has an encoded slash or a backslash, which servers read differently";
    case PathFault::control:
      return "the path has a broken escape or an encoded control character";
    case PathFault::above:
      return "the path leads above the root";
  }
  return "";
}

PathFault normal_path(std::string_view path, const PathRules& rules, std::string& scratch,
                      std::string_view& out) {
  out = path;
  if (!rules.normal || normal_already(path, rules.merge_slashes)) return PathFault::none;
  scratch.clear();
  PathFault fault = decode(path, rules, scratch);
  if (fault == PathFault::none) fault = resolve_dots(scratch, rules.merge_slashes);
  out = scratch;
  return fault;
}

}  // namespace berth::proxy::gateway
