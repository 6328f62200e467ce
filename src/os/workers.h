#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "async/executor.h"

namespace berth::os {

/// Some threads that take blocking work in order. Destroying it finishes what was taken.
class Workers final : public berth::Workers {
 public:
  static constexpr std::size_t tasks_max = 4096;

  explicit Workers(std::size_t threads);
  ~Workers();
  bool submit(std::move_only_function<void()> work) override;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace berth::os
