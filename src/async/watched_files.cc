#include "async/watched_files.h"

#include "async/clock.h"
#include "async/disk.h"

namespace berth {

Deferred<std::map<std::string, std::uint64_t>> WatchedFiles::versions() {
  std::map<std::string, std::uint64_t> all;
  auto paths = paths_;
  for (auto& path : paths) {
    auto opened = co_await world_.disk.open_to_read(path).result();
    all[path] = opened.ok() ? opened->version : 0;
  }
  co_return all;
}

Deferred<void> WatchedFiles::watch(std::function<Deferred<void>()> reload) {
  auto applied = co_await versions();
  auto before = applied;
  for (;;) {
    co_await world_.clock.after(look_every);
    auto now = co_await versions();
    bool settled = now == before;
    before = now;
    if (!settled || now == applied) continue;
    co_await reload();
    applied = co_await versions();
    before = applied;
  }
}

}  // namespace berth
