#include "sim/wired_store.h"

namespace berth::sim {

/// What was taken from the real watch and is still on the wires stays for the next call.
class WiredStore::WiredWatch final : public storage::Watch {
 public:
  WiredWatch(WiredStore& store, std::unique_ptr<storage::Watch> real)
      : store_(store), real_(std::move(real)) {}

  Deferred<std::vector<storage::Change>> next() override {
    if (taken_.empty()) taken_ = co_await real_->next();
    if (broken_ || !co_await store_.travel(store_.to_, store_.from_)) {
      broken_ = true;
      co_return Error(Code::unavailable, "the watch's connection broke");
    }
    co_return std::exchange(taken_, {});
  }

 private:
  WiredStore& store_;
  std::unique_ptr<storage::Watch> real_;
  std::vector<storage::Change> taken_;
  bool broken_ = false;
};

Deferred<bool> WiredStore::travel(Node& from, Node& to) {
  Timeline& timeline = fabric_.timeline;
  MonotonicTime end = timeline.now() + patience;
  for (;;) {
    co_await timeline.after(fabric_.latency(from, to));
    if (fabric_.passes(from, to) && to.stalled_until <= timeline.now()) co_return true;
    if (timeline.now() > end) co_return false;
    co_await timeline.after(100ms);
  }
}

template <class T, class Ask>
Deferred<T> WiredStore::call(Ask ask) {
  if (!co_await travel(from_, to_)) {
    co_await or_return(Result<void>(Error(Code::unavailable, "the store is not reached")));
  }
  auto answer = co_await ask(real_).result();
  if (!co_await travel(to_, from_)) {
    co_await or_return(Result<void>(Error(Code::unknown_outcome, "the store did not answer")));
  }
  if constexpr (std::is_void_v<T>) {
    co_await or_return(std::move(answer));
  } else {
    co_return std::move(answer);
  }
}

Deferred<storage::Revision> WiredStore::commit(storage::Batch batch) {
  return call<storage::Revision>([batch = std::move(batch)](storage::Store& real) mutable {
    return real.commit(std::move(batch));
  });
}
Deferred<std::optional<storage::Entry>> WiredStore::get(std::string key) {
  return call<std::optional<storage::Entry>>(
      [key = std::move(key)](storage::Store& real) { return real.get(key); });
}
Deferred<storage::Page> WiredStore::read(storage::Range range) {
  return call<storage::Page>(
      [range = std::move(range)](storage::Store& real) { return real.read(range); });
}
Deferred<std::unique_ptr<storage::Watch>> WiredStore::watch(storage::Range range,
                                                            storage::Revision after) {
  return call<std::unique_ptr<storage::Watch>>(
             [range = std::move(range), after](storage::Store& real) {
               return real.watch(range, after);
             })
      .then([this](std::unique_ptr<storage::Watch> real) {
        return std::unique_ptr<storage::Watch>(new WiredWatch(*this, std::move(real)));
      });
}
Deferred<storage::LeaseId> WiredStore::grant(std::uint32_t seconds) {
  return call<storage::LeaseId>([seconds](storage::Store& real) { return real.grant(seconds); });
}
Deferred<void> WiredStore::keep_alive(storage::LeaseId lease) {
  return call<void>([lease](storage::Store& real) { return real.keep_alive(lease); });
}
Deferred<void> WiredStore::revoke(storage::LeaseId lease) {
  return call<void>([lease](storage::Store& real) { return real.revoke(lease); });
}
Deferred<void> WiredStore::compact(storage::Revision revision) {
  return call<void>([revision](storage::Store& real) { return real.compact(revision); });
}

}  // namespace berth::sim
