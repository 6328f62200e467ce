#include "os/log_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <mutex>

namespace berth::os {

struct LogOutput::Inside {
  explicit Inside(std::string p) : path(std::move(p)) { open(); }
  void open() {
    if (path.empty()) return;
    fd = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    struct stat info;
    bytes =
        fd.valid() && ::fstat(fd.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  std::mutex mutex;
  std::string path;
  Descriptor fd;
  std::uint64_t bytes = 0;
};

LogOutput::LogOutput(std::string path) : inside_(new Inside(std::move(path))) {
  target_.write = write;
  target_.now = now;
  target_.context = inside_;
}

LogOutput::~LogOutput() { delete inside_; }

void LogOutput::write(void* self, std::string_view line) {
  auto& inside = *static_cast<Inside*>(self);
  std::lock_guard guard(inside.mutex);
  if (inside.bytes > bytes_max) {
    std::rename(inside.path.c_str(), (inside.path + ".1").c_str());
    inside.open();
  }
  int fd = inside.path.empty() ? 2 : inside.fd.get();
  // A log that cannot be written (full disk) stops nobody.
  [[maybe_unused]] auto written = ::write(fd, line.data(), line.size());
  if (!inside.path.empty()) inside.bytes += line.size();
}

WallTime LogOutput::now(void*) {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return {std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec};
}

}  // namespace berth::os
