#include <algorithm>
#include <utility>

#include "async/network.h"

namespace berth {
namespace {

constexpr std::size_t part_bytes_max = 64 << 10;

}  // namespace

Deferred<void> ByteStream::write_file(BytesList before, File& file, std::uint64_t offset,
                                      std::uint64_t length) {
  for (;;) {
    std::uint64_t wanted = std::min<std::uint64_t>(length, part_bytes_max);
    if (wanted > 0) {
      Bytes part = co_await file.read(offset, wanted);
      if (part.size() < wanted) {
        co_await fail_with(Error(Code::io, "a file became shorter while it was sent"));
      }
      before.add(std::move(part));
    }
    offset += wanted;
    length -= wanted;
    co_await write(std::exchange(before, BytesList()));
    if (length == 0) co_return;
  }
}

}  // namespace berth
