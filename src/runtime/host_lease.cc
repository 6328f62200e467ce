#include "runtime/host_lease.h"

#include <algorithm>

#include "async/clock.h"

namespace berth::runtime {

HostLease::HostLease(World& world, Log log, storage::Store& store, placement::HostRecord record,
                     std::uint32_t lease_seconds)
    : world_(world),
      log_(log),
      store_(store),
      record_(std::move(record)),
      lease_seconds_(lease_seconds) {}

void HostLease::set_docker(bool docker, std::string why) {
  if (record_.docker == docker && record_.docker_why == why) return;
  record_.docker = docker;
  record_.docker_why = std::move(why);
  while (!changed_.empty()) changed_.wake();
}

Deferred<void> HostLease::run() {
  for (Duration pause = 100ms;;) {
    MonotonicTime began = world_.clock.now();
    auto held = co_await hold().result();
    if (held.error().is(Code::cancelled)) co_await fail_with(held.error());
    if (world_.clock.now() - began > 1s * lease_seconds_) pause = 100ms;
    log_.warning("this host's record is not kept in the store; trying again",
                 {{"error", held.error()}});
    co_await world_.clock.after(pause);
    pause = std::min<Duration>(pause * 2, 2s);
  }
}

/// Never resolves with a value: ends with what went wrong.
Deferred<void> HostLease::hold() {
  storage::LeaseId lease = co_await store_.grant(lease_seconds_);
  Duration third = 1s * lease_seconds_ / 3;
  for (;;) {
    placement::HostRecord written = record_;
    storage::Batch batch;
    batch.put(placement::host_key(record_.name), placement::to_json(written).text(), lease);
    co_await store_.commit(std::move(batch));
    while (record_ == written) {
      auto news = co_await with_timeout(world_.clock, third, changed_.wait()).result();
      if (news.ok()) continue;
      if (!news.error().is(Code::timed_out)) co_await fail_with(news.error());
      co_await store_.keep_alive(lease);
    }
  }
}

}  // namespace berth::runtime
