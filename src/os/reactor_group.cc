#include "os/reactor_group.h"

#include <csignal>

#include "async/dns_resolver.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"

namespace berth::os {
namespace {

constexpr std::uint64_t asleep = std::uint64_t{1} << 63;

struct Place {
  const ReactorGroup* group = nullptr;
  std::size_t index = 0;
};
thread_local Place place;

}  // namespace

/// One reactor of the group, and what the others reach of it: a mailbox for each of them and one
/// word that tells whose mailbox holds something, and whether the reactor sleeps.
///
///     awake --nothing in any mailbox--> asleep --a parcel: its sender wakes it--> awake
class ReactorGroup::Member final : public Reactor::Inbox {
 public:
  Member(std::size_t index, std::size_t count) : index(index), calls(count), boxes_(count) {}

  /// From the thread of `sender`.
  bool put(std::size_t sender, Parcel& parcel) {
    if (!boxes_[sender].put(parcel)) return false;
    std::uint64_t bit = std::uint64_t{1} << sender;
    std::uint64_t before = state_.fetch_or(bit);
    // Of several senders the one that finds it asleep wakes it.
    if ((before & asleep) != 0 && (state_.fetch_and(~asleep) & asleep) != 0) reactor->wake();
    return true;
  }
  bool fall_asleep() override {
    std::uint64_t nothing = 0;
    return state_.compare_exchange_strong(nothing, asleep);
  }
  void wake_up() override {
    if (state_.load(std::memory_order_relaxed) == 0) return;
    std::uint64_t senders = state_.exchange(0) & ~asleep;
    for (std::size_t sender = 0; senders != 0; ++sender, senders >>= 1) {
      if ((senders & 1) == 0) continue;
      while (Parcel* parcel = boxes_[sender].take()) parcel->arrive();
    }
  }

  const std::size_t index;
  Reactor* reactor = nullptr;
  World* world = nullptr;
  Scope* scope = nullptr;
  /// Unanswered ones from here to each: touched on this member's thread only.
  std::vector<std::size_t> calls;
  std::unique_ptr<Scope> own_scope;
  std::thread thread;

 private:
  std::vector<Mailbox> boxes_;
  alignas(64) std::atomic<std::uint64_t> state_ = 0;
};

ReactorGroup::ReactorGroup(Reactor& here, World& world, std::size_t count, ReactorWish wish)
    : stopped_(static_cast<std::ptrdiff_t>(count)) {
  check(count >= 1 && count <= reactors_max, "a group has 1 to 63 reactors");
  check(place.group == nullptr, "this thread is in a group already");
  for (std::size_t i = 0; i < count; ++i) members_.push_back(std::make_unique<Member>(i, count));
  Member& first = *members_[0];
  first.reactor = &here;
  first.world = &world;
  first.own_scope = std::make_unique<Scope>();
  first.scope = first.own_scope.get();
  here.set_inbox(&first);
  place = {this, 0};
  // Signals are the first reactor's: the others block all of them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::latch started(static_cast<std::ptrdiff_t>(count - 1));
  for (std::size_t i = 1; i < count; ++i) {
    Member& member = *members_[i];
    member.thread = std::thread([&, wish] { run_thread(member, world, wish, started); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  started.wait();
}

void ReactorGroup::run_thread(Member& member, World& shared, ReactorWish wish,
                              std::latch& started) {
  Reactor reactor(wish);
  Network network(reactor);
  Disk disk(shared.workers);
  Process process(reactor);
  Random random;
  DnsResolver resolver(reactor, network, disk, random);
  World world{reactor, network, disk, process, random, shared.workers, &resolver};
  Scope scope;
  place = {this, member.index};
  member.reactor = &reactor;
  member.world = &world;
  member.scope = &scope;
  reactor.set_inbox(&member);
  started.count_down();
  reactor.run();
  stopped_.arrive_and_wait();
  reactor.set_inbox(nullptr);
}

ReactorGroup::~ReactorGroup() {
  check(place.group == this && place.index == 0, "a group ends on the thread that made it");
  for (std::size_t i = 1; i < size(); ++i) members_[i]->reactor->stop();
  stopped_.arrive_and_wait();
  for (std::size_t i = 1; i < size(); ++i) members_[i]->thread.join();
  members_[0]->own_scope.reset();
  members_[0]->reactor->set_inbox(nullptr);
  place = {};
}

std::size_t ReactorGroup::here() const {
  check(place.group == this, "this thread has no reactor of the group");
  return place.index;
}

Reactor& ReactorGroup::reactor() const { return *members_[here()]->reactor; }

bool ReactorGroup::send(std::size_t from, std::size_t to, Parcel& parcel) {
  return members_[to]->put(from, parcel);
}

bool ReactorGroup::take_call(std::size_t from, std::size_t to) {
  std::size_t& calls = members_[from]->calls[to];
  if (calls == calls_max) return false;
  ++calls;
  return true;
}

void ReactorGroup::give_call_back(std::size_t from, std::size_t to) { --members_[from]->calls[to]; }

World& ReactorGroup::world_of(std::size_t index) { return *members_[index]->world; }
Scope& ReactorGroup::scope_of(std::size_t index) { return *members_[index]->scope; }

}  // namespace berth::os
