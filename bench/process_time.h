#pragma once

#include <time.h>

#include <cstddef>
#include <cstdio>

namespace bench {

/// CPU time of all threads, and time on the wall, since it was made.
class ProcessTime {
 public:
  /// Nanoseconds for each of `operations`: CPU, then wall.
  void print(std::size_t operations) const {
    auto each = static_cast<double>(operations);
    std::printf("%.1f %.1f\n", (read(CLOCK_PROCESS_CPUTIME_ID) - cpu_) / each,
                (read(CLOCK_MONOTONIC) - wall_) / each);
  }

 private:
  static double read(clockid_t clock) {
    timespec t;
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
  }
  double cpu_ = read(CLOCK_PROCESS_CPUTIME_ID);
  double wall_ = read(CLOCK_MONOTONIC);
};

}  // namespace bench
