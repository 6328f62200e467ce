#include "app/proxy_threads.h"

#include <string>
#include <tuple>
#include <utility>

#include "app/dealt_listeners.h"
#include "async/sync.h"

namespace berth::app {

static_assert(proxy::gateway::Gateway::threads_max == os::ReactorGroup::reactors_max);

struct ProxyThreads::Member {
  Member(os::Reactor& reactor, World& world, Log log, proxy::Shard::Place place)
      : listeners(reactor), shard(world, log, listeners, std::move(place)) {}

  DealtListeners listeners;
  proxy::Shard shard;
};

Deferred<void> ProxyThreads::start(std::size_t threads, proxy::Shard& first) {
  first_ = &first;
  if (threads == 1) co_return;
  members_.resize(threads);
  dealing_.resize(threads);
  dealt_.resize(threads);
  group_.emplace(reactor_, world_, threads);
  for (std::size_t i = 1; i < threads; ++i) {
    std::ignore = group_->on(i, [this, i](World& world) { return live(i, world); });
    auto begun = group_->on(i, [](World&) {});  // behind it
    co_await std::move(begun);
  }
}

/// A thread's member, on that thread, until its reactor stops.
Deferred<void> ProxyThreads::live(std::size_t number, World& world) {
  proxy::LogRelay relay = [this](proxy::gateway::LogSpec spec, std::string text,
                                 std::uint64_t lines) {
    return group_->on(0, [this, spec = std::move(spec), text = std::move(text), lines](World&) {
      first_->logs().take(spec, text, lines);
    });
  };
  Member member(group_->reactor(), world, log_, {number, first_->commons(), std::move(relay)});
  members_[number] = &member;
  Event never;
  co_await never.wait();
}

void ProxyThreads::stop() {
  std::ignore = scope_.close();
  group_.reset();
  members_.clear();
}

os::Deal ProxyThreads::dealer(const Address& listening) {
  if (!group_) return {};
  return [this, listening](os::Descriptor& socket, const Address& peer) {
    std::size_t to = least_busy();
    ++dealt_[to];
    if (to == 0) return false;
    ++dealing_[to];
    scope_.add(deal(to, listening, std::move(socket), peer));
    return true;
  };
}

Deferred<void> ProxyThreads::deal(std::size_t to, Address listening, os::Descriptor socket,
                                  Address peer) {
  auto dealing =
      group_->on(to, [this, to, listening = std::move(listening), socket = std::move(socket),
                      peer = std::move(peer)](World&) mutable {
        members_[to]->listeners.take(listening, std::move(socket), peer);
      });
  std::ignore = co_await std::move(dealing).result();
  --dealing_[to];
}

/// Its connections and those that are on their way to it.
std::size_t ProxyThreads::load(std::size_t number) const {
  if (number == 0) return dealt_[0] - first_->proxy().connections_ended();
  auto& member = *members_[number];
  return dealt_[number] - member.shard.proxy().connections_ended() - member.listeners.dropped();
}

/// Of those with as few the next one in turn.
std::size_t ProxyThreads::least_busy() {
  std::size_t best = 0;
  std::size_t fewest = ~std::size_t{0};
  turn_ = (turn_ + 1) % members_.size();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    std::size_t number = (turn_ + i) % members_.size();
    if (dealing_[number] >= dealing_max) continue;
    std::size_t count = load(number);
    if (count >= fewest) continue;
    fewest = count;
    best = number;
  }
  return best;
}

Deferred<void> ProxyThreads::each(std::function<void(proxy::Shard&)> work) {
  for (std::size_t i = 1; i < members_.size(); ++i) {
    auto done = group_->on(i, [this, i, work](World&) { work(members_[i]->shard); });
    co_await std::move(done);
  }
}

void ProxyThreads::tell(std::function<void(proxy::Shard&)> work) {
  for (std::size_t i = 1; i < members_.size(); ++i) scope_.add(tell_one(i, work));
}

Deferred<void> ProxyThreads::tell_one(std::size_t number, std::function<void(proxy::Shard&)> work) {
  auto telling = group_->on(
      number, [this, number, work = std::move(work)](World&) { work(members_[number]->shard); });
  auto told = co_await std::move(telling).result();
  if (told.ok() || told.error().is(Code::cancelled)) co_return;
  log_.error("a thread could not be told of a change",
             {{"thread", std::uint64_t{number}}, {"error", told.error()}});
}

std::size_t ProxyThreads::connections() const {
  std::size_t count = 0;
  for (std::size_t i = 1; i < members_.size(); ++i) count += load(i);
  return count;
}

}  // namespace berth::app
