#include "bus/state_keeper.h"

#include <algorithm>
#include <tuple>

#include "async/clock.h"

namespace berth::bus {
namespace {

/// After a quiet time it waits a share of the interval, so that one write serves many changes.
constexpr int gather_share = 20;
constexpr std::size_t slot_bytes_max = 256 << 20;
/// A new slot takes this much of the disk at once: later, a full one is no obstacle.
constexpr std::size_t slot_bytes_least = 64 << 10;

}  // namespace

StateKeeper::StateKeeper(World& world, Log log, std::string folder, Duration interval,
                         Snapshot snapshot, Written written)
    : world_(world),
      log_(log),
      folder_(std::move(folder)),
      interval_(interval),
      snapshot_(std::move(snapshot)),
      told_(std::move(written)) {}

std::string StateKeeper::path(int slot) const { return folder_ + "/state." + std::to_string(slot); }

/// Empty if it was never written.
Deferred<std::string> StateKeeper::read_slot(int slot) {
  auto read = co_await world_.disk.read_file(path(slot), slot_bytes_max).result();
  if (!read.ok() && read.error().is(Code::not_found)) co_return std::string();
  std::string text = co_await or_return(std::move(read));
  if (text.find_first_not_of('\0') == text.npos) text.clear();
  co_return text;
}

Deferred<std::optional<SavedState>> StateKeeper::open() {
  std::optional<SavedState> newest;
  std::string damaged;
  for (int slot = 0; slot < 2; slot++) {
    std::string text = co_await read_slot(slot);
    if (text.empty()) continue;
    auto state = SavedState::decode(text);
    if (!state.ok()) {
      log_.info("a slot of the bus's state cannot be read, as after a crash while it was written",
                {{"path", path(slot)}, {"error", state.error()}});
      damaged += (damaged.empty() ? "" : ", ") + path(slot);
    } else if (!newest || state->generation > newest->generation) {
      newest = std::move(*state);
      next_slot_ = 1 - slot;
    }
  }
  // The first one ever may be torn; there is nothing then that it could have known.
  bool first = damaged.find(',') == damaged.npos;
  if (!newest && !first) {
    co_return Error(Code::io, "the bus's state is damaged in " + damaged +
                                  "; restore the folder from a backup, or move it away");
  }
  co_await open_slots();
  if (newest) {
    generation_ = written_ = newest->generation;
    // What was read may stand in the kernel's memory only, if its sync had failed: it must be on
    // disk before the other slot is written.
    File& slot = *slots_[1 - next_slot_];
    co_await slot.write(0, Bytes::copy(newest->encode()));
    co_await slot.sync();
  }
  co_return std::move(newest);
}

Deferred<void> StateKeeper::open_slots() {
  for (int slot = 0; slot < 2; slot++) {
    slots_[slot] = co_await world_.disk.open(path(slot), OpenMode::write);
    std::uint64_t size = co_await slots_[slot]->size();
    if (size >= slot_bytes_least) continue;
    std::string zeros(slot_bytes_least - size, '\0');
    co_await slots_[slot]->write(size, Bytes::copy(zeros));
    co_await slots_[slot]->sync();
  }
  co_await world_.disk.sync_folder(folder_);
}

void StateKeeper::start() { scope_.add(keep()); }

void StateKeeper::touch() { dirty_.set(); }

Deferred<void> StateKeeper::durable() {
  if (scope_.closing()) return failed<void>(Error(Code::closed, "the bus is closed"));
  waiters_.push_back({next_generation(), {}});
  auto deferred = waiters_.back().promise.deferred();
  hurry_.set();
  touch();
  return deferred;
}

Deferred<void> StateKeeper::keep() {
  Clock& clock = world_.clock;
  for (;;) {
    co_await dirty_.wait();
    MonotonicTime due = std::max(clock.now() + interval_ / gather_share, last_ + interval_);
    auto hurried = co_await with_timeout(clock, due - clock.now(), hurry_.wait()).result();
    if (!hurried.ok() && hurried.error().is(Code::cancelled)) co_return;
    dirty_.reset();
    hurry_.reset();
    last_ = clock.now();
    std::uint64_t generation = next_generation();
    auto written = co_await write().result();
    if (written.ok() == failing_) {
      failing_ = !written.ok();
      if (failing_) {
        log_.error(
            "how far deliveries have come cannot be written; after a crash now they would be"
            " repeated",
            {{"folder", folder_}, {"error", written.error()}});
      } else {
        log_.info("how far deliveries have come is written again", {{"folder", folder_}});
      }
    }
    if (!written.ok()) dirty_.set();
    answer(generation, written);
  }
}

Deferred<void> StateKeeper::write() {
  SavedState state = snapshot_();
  state.generation = ++generation_;
  File& slot = *slots_[next_slot_];
  co_await slot.write(0, Bytes::copy(state.encode()));
  co_await slot.sync();
  next_slot_ = 1 - next_slot_;
  written_ = state.generation;
  co_await told_(state);
}

void StateKeeper::answer(std::uint64_t generation, const Result<void>& result) {
  auto later = std::ranges::partition(
      waiters_, [&](const Waiter& waiter) { return waiter.generation <= generation; });
  std::vector<Waiter> answered;
  for (auto at = waiters_.begin(); at != later.begin(); at++) answered.push_back(std::move(*at));
  waiters_.erase(waiters_.begin(), later.begin());
  for (auto& waiter : answered) waiter.promise.fire(result);
}

Deferred<void> StateKeeper::close() {
  if (scope_.size() > 0) std::ignore = co_await durable().result();
  co_await scope_.close();
}

}  // namespace berth::bus
