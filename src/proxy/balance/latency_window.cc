#include "proxy/balance/latency_window.h"

#include <algorithm>

namespace berth::proxy {

void LatencyWindow::note(Duration took) {
  took_[count_++ % size] = took.count();
  if (count_ < least || (count_ % renewed_every != 0 && count_ != least)) return;
  auto copy = took_;
  auto filled = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count_, size));
  auto at = copy.begin() + (filled * 95 + 99) / 100 - 1;
  std::nth_element(copy.begin(), at, copy.begin() + filled);
  p95_ = Duration(*at);
}

}  // namespace berth::proxy
