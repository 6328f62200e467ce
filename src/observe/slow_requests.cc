#include "observe/slow_requests.h"

#include <algorithm>

namespace berth::observe {
namespace {

constexpr std::int64_t minute_nanoseconds = 60'000'000'000;
constexpr std::size_t target_bytes_max = 200;

bool slower(const SlowRequest& a, const SlowRequest& b) { return a.took > b.took; }

}  // namespace

void SlowRequests::take(const RequestSeen& request) {
  std::int64_t number = request.ended.nanoseconds / minute_nanoseconds;
  if (minutes_.empty() || number > minutes_.back().number) {
    minutes_.push_back({number, {}});
    newest_until_ = (number + 1) * minute_nanoseconds;
    faster_than_ = Duration(-1);
    while (minutes_.front().number < number - minutes_kept) minutes_.pop_front();
  }
  // A late one counts in the newest minute: nobody looks for it to the minute.
  auto& kept = minutes_.back().requests;
  if (kept.size() == kept_max) {
    if (request.took <= kept.back().took) return;
    kept.pop_back();
  }
  SlowRequest slow{request.ended,
                   std::string(request.method),
                   std::string(request.target.substr(0, target_bytes_max)),
                   request.status,
                   request.took,
                   request.waited,
                   request.connecting,
                   request.answering,
                   std::string(request.instance),
                   std::string(request.caller),
                   std::string(request.termination)};
  kept.insert(std::ranges::upper_bound(kept, slow, slower), std::move(slow));
  if (kept.size() == kept_max) faster_than_ = kept.back().took;
}

std::vector<SlowRequest> SlowRequests::slowest(WallTime now) const {
  WallTime begin = now - Duration(minutes_kept * minute_nanoseconds);
  std::vector<SlowRequest> all;
  for (auto& minute : minutes_) {
    for (auto& request : minute.requests) {
      if (request.ended >= begin) all.push_back(request);
    }
  }
  std::ranges::sort(all, slower);
  if (all.size() > kept_max) all.resize(kept_max);
  return all;
}

}  // namespace berth::observe
