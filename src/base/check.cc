#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace berth {

void crash(const char* what, std::source_location where) {
  std::fprintf(stderr, "berth: bug: %s (%s:%u)\n", what, where.file_name(), where.line());
  std::abort();
}

}  // namespace berth
