#include "proxy/endpoint.h"

namespace berth::proxy {

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
  if (draining || idle_.size() >= idle_connections_max || stream->protocol() == "h2") return;
  idle_.push_back({std::move(stream), now});
}

}  // namespace berth::proxy
