#include "http/paced_stream.h"

#include <algorithm>
#include <utility>

namespace berth::http {

Deferred<void> PacedStream::write(BytesList bytes) {
  std::uint64_t size = bytes.size();
  auto writing = below_.write(std::move(bytes));
  if (rate_ == 0 || !writing.pending()) return writing;
  return timed(std::move(writing), size);
}

Deferred<void> PacedStream::write_file(BytesList before, File& file, std::uint64_t offset,
                                       std::uint64_t length) {
  std::uint64_t size = before.size() + length;
  auto writing = below_.write_file(std::move(before), file, offset, length);
  if (rate_ == 0 || !writing.pending()) return writing;
  return timed(std::move(writing), size);
}

Deferred<void> PacedStream::timed(Deferred<void> writing, std::uint64_t size) {
  begin(size);
  auto written = co_await std::move(writing).result();
  waiting_ = false;
  waited_ += clock_.now() - since_;
  if (!written.ok()) co_await fail_with(std::move(written).error());
}

void PacedStream::begin(std::uint64_t size) {
  waiting_ = true;
  since_ = clock_.now();
  if (watching_ && known_) return;
  if (!watching_) known_ = below_.delivered().has_value();
  watching_ = true;
  // Without knowledge of its parts a write has the time that all of it may take.
  auto extra = std::chrono::seconds(known_ ? 0 : static_cast<std::int64_t>(size / rate_));
  look_at(since_ + grace_ + extra);
}

void PacedStream::look_at(MonotonicTime due) {
  due_ = due;
  if (armed() && armed_for_ <= due) return;
  armed_for_ = due;
  clock_.timers().arm(*this, due);
}

void PacedStream::fire() {
  auto now = clock_.now();
  if (!waiting_) {
    watching_ = false;
    waited_ = Duration(0);
    mark_.reset();
    return;
  }
  if (now < due_) return look_at(due_);
  auto delivered = below_.delivered();
  if (mark_ && delivered) {
    pace_.add(waited_ + (now - since_), *delivered - *mark_, rate_);
  } else {
    pace_ = Pace::of_answers(grace_);
  }
  if (!known_ || pace_.used_up()) {
    slow_();
    below_.abort();
    return;
  }
  mark_ = delivered;
  waited_ = Duration(0);
  since_ = now;
  look_at(now + std::min(grace_, pace_.left()));
}

}  // namespace berth::http
