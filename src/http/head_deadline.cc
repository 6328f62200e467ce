#include "http/head_deadline.h"

#include <algorithm>

namespace berth::http {
namespace {

constexpr Duration farewell_timeout = 1s;

}  // namespace

void HeadDeadline::expect_first() {
  wait_for_first_byte(options_.head_timeout);
  head_begun_ = true;
  head_until_ = idle_until_;
}

void HeadDeadline::expect_next() {
  head_begun_ = false;
  wait_for_first_byte(options_.idle_timeout);
}

void HeadDeadline::wait_for_first_byte(Duration limit) {
  idle_until_ = clock_.now() + limit;
  look_at(std::min(idle_until_, clock_.now() + options_.park_after));
}

void HeadDeadline::look_at(MonotonicTime due) {
  due_ = due;
  if (armed() && armed_for_ <= due) return;
  armed_for_ = due;
  clock_.timers().arm(*this, due);
}

void HeadDeadline::fire() {
  if (farewell_.valid()) return stream_.close();
  if (!due_) return;
  auto now = clock_.now();
  if (now < *due_) return look_at(*due_);
  if (!reader_.buffered()) {
    if (now >= idle_until_) return stream_.close();
    silent_ = reader_.interrupt();
    if (!silent_) look_at(std::min(idle_until_, now + options_.park_after));
  } else if (!head_begun_) {
    head_begun_ = true;
    head_until_ = now + options_.head_timeout;
    look_at(head_until_);
  } else if (now < head_until_) {
    look_at(head_until_);
  } else {
    auto close = [this] { stream_.close(); };
    farewell_ = refuse_().then(close, [close](Error) { close(); });
    look_at(now + farewell_timeout);
  }
}

}  // namespace berth::http
