// The same as handover_berth with libuv: a queue under a lock for each of two loops, and
// uv_async_send, which is all that libuv has for it.
#include <uv.h>

#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "process_time.h"

namespace {

class Loop;

/// What is handed over: `run` in the loop that gets it.
struct Task {
  void (*run)(Task&);
  Loop* near;
  Loop* far;
  std::size_t* left;
};

class Loop {
 public:
  Loop() {
    uv_loop_init(&loop_);
    wake_.data = this;
    uv_async_init(&loop_, &wake_,
                  [](uv_async_t* wake) { static_cast<Loop*>(wake->data)->run_posted(); });
  }
  void post(const Task& task) {
    {
      std::lock_guard lock(mutex_);
      posted_.push_back(task);
    }
    uv_async_send(&wake_);
  }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void stop() { uv_stop(&loop_); }

 private:
  void run_posted() {
    {
      std::lock_guard lock(mutex_);
      running_.swap(posted_);
    }
    for (Task& task : running_) task.run(task);
    running_.clear();
  }

  uv_loop_t loop_;
  uv_async_t wake_;
  std::mutex mutex_;
  std::vector<Task> posted_;
  std::vector<Task> running_;
};

void call(Task task);

void come_back(Task& task) {
  if (--*task.left > 0) {
    call(task);
  } else {
    task.near->stop();
  }
}

void answer(Task& task) {
  task.run = come_back;
  task.near->post(task);
}

void call(Task task) {
  task.run = answer;
  task.far->post(task);
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::size_t outstanding = std::strtoul(words[1], nullptr, 10);
  std::size_t left = std::strtoul(words[2], nullptr, 10);
  std::size_t calls = left;
  Loop near;
  Loop far;
  std::thread thread([&] { far.run(); });
  bench::ProcessTime begun;
  for (std::size_t i = 0; i < outstanding; ++i) call({answer, &near, &far, &left});
  near.run();
  begun.print(calls);
  far.post({[](Task& task) { task.far->stop(); }, &near, &far, &left});
  thread.join();
}
