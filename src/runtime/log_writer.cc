#include "runtime/log_writer.h"

#include "base/utf8.h"
#include "runtime/log_path.h"

namespace berth::runtime {

void LogWriter::add(WallTime time, std::string_view text) {
  last_time_ = std::to_string(time.nanoseconds / 1'000'000);
  lines_ += last_time_ + " " + cut_text(text, log_line_bytes_max) + "\n";
}

Deferred<void> LogWriter::write() {
  std::string text = std::exchange(lines_, {});
  if (text.empty()) co_return;
  if (lost_) {
    text.insert(0, last_time_ + " berth: output was lost here: it could not be written\n");
  }
  auto written = co_await append(std::move(text)).result();
  if (!written.ok() && written.error().is(Code::cancelled)) {
    co_await fail_with(written.error());
  }
  lost_ = !written.ok();
  if (lost_) ++dropped_;
}

Deferred<void> LogWriter::append(std::string text) {
  if (!file_) {
    file_ = co_await disk_.open(path_, OpenMode::write);
    size_ = co_await file_->size();
  }
  co_await file_->write(size_, Bytes::copy(text));  // over what a failed write left there
  size_ += text.size();
  if (size_ > log_file_bytes_max) co_await rotate();
}

Deferred<void> LogWriter::rotate() {
  for (int age = log_files_max - 1; age >= 1; --age) {
    std::string from = age == 1 ? path_ : path_ + "." + std::to_string(age - 1);
    (void)co_await disk_.rename(from, path_ + "." + std::to_string(age)).result();
  }
  file_.reset();
}

}  // namespace berth::runtime
