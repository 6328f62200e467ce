#include "sim/timeline.h"

#include <algorithm>
#include <cstdio>

namespace berth::sim {

void Timeline::at(MonotonicTime when, std::move_only_function<void()> event) {
  events_.push_back({std::max(when, now_), events_made_++, std::move(event)});
  std::ranges::push_heap(events_, later);
}

Duration Timeline::between(Duration least, Duration most) {
  if (most <= least) return least;
  return least + Duration(static_cast<std::int64_t>(
                     random_.below(static_cast<std::uint64_t>((most - least).count()) + 1)));
}

void Timeline::run_next_event() {
  std::ranges::pop_heap(events_, later);
  auto run = std::move(events_.back().run);
  events_.pop_back();
  run();
}

void Timeline::advance(MonotonicTime to) {
  check(to >= now_, "the time of a simulation goes back");
  now_ = to;
}

void Timeline::note(std::string_view what, std::uint64_t a, std::uint64_t b) {
  auto mix = [&](std::uint64_t value) {
    trace_ = (trace_ ^ value) * 0x100000001b3;
    trace_ ^= trace_ >> 29;
  };
  mix(static_cast<std::uint64_t>(now_.nanoseconds));
  for (char c : what) mix(static_cast<unsigned char>(c));
  mix(a);
  mix(b);
  if (!print_) return;
  std::fprintf(stderr, "%12.6f %.*s %llu %llu\n", static_cast<double>(now_.nanoseconds) / 1e9,
               static_cast<int>(what.size()), what.data(), static_cast<unsigned long long>(a),
               static_cast<unsigned long long>(b));
}

}  // namespace berth::sim
