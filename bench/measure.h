#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// What the benchmarks within one process share.

/// How often this process has called malloc, realloc or calloc.
extern std::size_t allocation_count;

/// CPU time of this thread.
inline double thread_nanoseconds() {
  timespec t;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// Keeps the compiler from throwing away what made `value`.
template <class T>
inline void keep(T&& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// Several measurements of one operation, taken in turns with those of the peers.
class Rounds {
 public:
  /// Runs `operation` `times` times.
  template <class F>
  void add(std::size_t times, F&& operation) {
    add_batch(times, [&] {
      for (std::size_t i = 0; i < times; ++i) operation();
    });
  }
  /// `batch` does the operation `times` times.
  template <class F>
  void add_batch(std::size_t times, F&& batch) {
    std::size_t allocated = allocation_count;
    double begun = thread_nanoseconds();
    batch();
    nanoseconds_.push_back((thread_nanoseconds() - begun) / static_cast<double>(times));
    allocations_ = static_cast<double>(allocation_count - allocated) / static_cast<double>(times);
  }
  /// CPU time an operation: the least of the rounds, since others on the machine can only add.
  double nanoseconds() const { return std::ranges::min(nanoseconds_); }
  /// Allocations an operation in the last round, when all pools were warm.
  double allocations() const { return allocations_; }

 private:
  std::vector<double> nanoseconds_;
  double allocations_ = 0;
};
