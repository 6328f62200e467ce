#pragma once

#include <cstdio>
#include <string>
#include <string_view>

// The form in which tests/differential/h1.py asks and is answered. Asked: the bytes of each case
// behind a line with their number. Answered: one line, "METHOD TARGET BYTES" of each request that
// was read to its end, and how it ended: "refused", "closed" (the last request asked for it) or
// "open".
namespace verdict {

/// True if there was one more case.
inline bool next_case(std::string& bytes) {
  std::size_t size = 0;
  if (std::scanf("%zu", &size) != 1 || std::getchar() != '\n') return false;
  bytes.resize(size);
  return std::fread(bytes.data(), 1, size, stdin) == size;
}

inline void note(std::string& line, std::string_view method, std::string_view target,
                 std::size_t body_bytes) {
  line.append(method).append(" ").append(target).append(" ");
  line.append(std::to_string(body_bytes)).append("; ");
}

}  // namespace verdict
