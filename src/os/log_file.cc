#include "os/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/utf8.h"

namespace berth::os {

LogFile::LogFile(std::string path, std::uint64_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {
  open();
}

void LogFile::open() {
  fd_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat info;
  bytes_ =
      fd_.valid() && ::fstat(fd_.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void LogFile::take(std::string_view output) {
  while (!output.empty()) {
    std::size_t end = output.find('\n');
    std::string_view part = output.substr(0, end);
    if (!cut_) partial_ += part.substr(0, line_bytes_max + 1 - partial_.size());
    if (!cut_ && partial_.size() > line_bytes_max) {
      add_line(cut_text(partial_, line_bytes_max));
      partial_.clear();
      cut_ = true;
    }
    if (end == std::string_view::npos) break;
    if (!cut_) add_line(partial_);
    partial_.clear();
    cut_ = false;
    output.remove_prefix(end + 1);
  }
  write_out();
}

void LogFile::add_line(std::string_view line) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out_ += std::to_string(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
  out_ += ' ';
  out_ += line;
  out_ += '\n';
}

void LogFile::write_out() {
  if (out_.empty()) return;
  if (dropped_ != dropped_told_) {
    std::string lines = std::exchange(out_, torn_ ? "\n" : "");
    add_line("berth: output was lost here: it could not be written");
    out_ += lines;
  }
  if (!fd_.valid()) open();
  ssize_t written = ::write(fd_.get(), out_.data(), out_.size());
  if (written == static_cast<ssize_t>(out_.size())) {
    dropped_told_ = dropped_;
    torn_ = false;
  } else {
    ++dropped_;
    torn_ = torn_ || written > 0;
  }
  bytes_ += written > 0 ? static_cast<std::uint64_t>(written) : 0;
  out_.clear();
  if (bytes_ > bytes_max_) rotate();
}

void LogFile::finish() {
  if (!partial_.empty()) take("\n");
}

void LogFile::rotate() {
  for (int i = files_max - 1; i >= 1; --i) {
    std::string from = i == 1 ? path_ : path_ + "." + std::to_string(i - 1);
    ::rename(from.c_str(), (path_ + "." + std::to_string(i)).c_str());
  }
  open();
}

}  // namespace berth::os
