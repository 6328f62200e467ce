#pragma once

#include <source_location>

namespace berth {

/// Ends the program with `what` and the place on standard error: for bugs only, always on.
[[noreturn]] void crash(const char* what,
                        std::source_location where = std::source_location::current());

/// An assertion that release builds keep.
inline void check(bool holds, const char* what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    crash(what, where);
}
template <class P>
inline void check(P* pointer, const char* what,
                  std::source_location where = std::source_location::current()) {
  check(pointer != nullptr, what, where);
}

}  // namespace berth
