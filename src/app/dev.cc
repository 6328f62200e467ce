#include "app/dev.h"

#include <cstdio>

namespace berth::app {

int run_dev(const DevArguments&) {
  std::fputs("berth dev is not wired yet\n", stderr);
  return 1;
}

}  // namespace berth::app
