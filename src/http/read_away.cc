#include "http/read_away.h"

namespace berth::http {
namespace {

constexpr std::size_t bytes_max = 64 << 20;

}  // namespace

Deferred<void> read_away(ByteStream& stream) {
  co_await stream.shutdown_write();
  for (std::size_t bytes = 0; bytes < bytes_max;) {
    Bytes part = co_await stream.read();
    if (part.empty()) co_return;
    bytes += part.size();
  }
}

}  // namespace berth::http
