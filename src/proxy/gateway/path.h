#pragma once

#include <string>
#include <string_view>

namespace berth::proxy::gateway {

/// What is done with a path before routes are looked for.
struct PathRules {
  /// Dot segments are resolved, encoded letters that need not be are decoded, and what is sent on
  /// is the path that was compared (RFC 3986 section 6.2.2), so that no other spelling of a path
  /// goes around its route. False: it is compared and sent on as it came.
  bool normal = true;
  bool merge_slashes = true;     // "//a" is "/a"
  bool encoded_slashes = false;  // "%2F" and "%5C" are let through; else they are refused
};

enum class PathFault : unsigned char {
  none,
  encoded_slash,
  control,  // an encoded NUL or control character, or a broken escape
  above,    // ".." above the root
};
/// A sentence for the 400; empty for `none`.
std::string_view text_of(PathFault fault);

/// The normal form of a path that begins with '/': `path` itself where nothing is to change (no
/// allocation then), else a view into `scratch`.
PathFault normal_path(std::string_view path, const PathRules& rules, std::string& scratch,
                      std::string_view& out);

}  // namespace berth::proxy::gateway
