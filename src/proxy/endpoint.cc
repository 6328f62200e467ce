#include "proxy/endpoint.h"

#include <algorithm>

namespace berth::proxy {

bool Endpoint::failed(const catalog::RoutingPolicy& policy, MonotonicTime now) {
  successes_ = 0;
  if (++failures_ < policy.eject_failures || resting(now)) return false;
  failures_ = 0;
  Duration rest = policy.eject_time * (std::int64_t{1} << std::min<std::uint32_t>(ejections_, 6));
  ++ejections_;
  rests_until_ = now + std::min(rest, eject_time_max);
  close_idle();
  return true;
}

std::unique_ptr<ByteStream> Endpoint::take_idle(MonotonicTime now, Duration idle_max) {
  while (!idle_.empty()) {
    IdleConnection idle = std::move(idle_.back());
    idle_.pop_back();
    if (now - idle.since > idle_max) {
      idle_.clear();  // the others are older still
      return nullptr;
    }
    if (!idle.stream->broken()) return std::move(idle.stream);
  }
  return nullptr;
}

void Endpoint::give_idle(std::unique_ptr<ByteStream> stream, MonotonicTime now) {
  if (draining || idle_.size() >= idle_connections_max) return;
  idle_.push_back({std::move(stream), now});
}

}  // namespace berth::proxy
