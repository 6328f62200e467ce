#include "async/connect_any.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "async/sync.h"

namespace berth {
namespace {

struct Outcome {
  Address address;
  Result<std::unique_ptr<ByteStream>> stream;
};

Deferred<void> attempt(Network& network, Address address, Queue<Outcome>& outcomes) {
  auto stream = co_await network.connect(address).result();
  outcomes.try_push({std::move(address), std::move(stream)});
}

/// The families in turn, each in its order (RFC 8305 section 4).
std::vector<Address> interleaved(std::vector<Address> addresses) {
  std::deque<Address> one;
  std::deque<Address> other;
  for (auto& each : addresses) {
    (each.family() == addresses.front().family() ? one : other).push_back(each);
  }
  addresses.clear();
  while (!one.empty() || !other.empty()) {
    for (auto* family : {&one, &other}) {
      if (family->empty()) continue;
      addresses.push_back(std::move(family->front()));
      family->pop_front();
    }
  }
  return addresses;
}

struct Failures {
  std::optional<Error> first;
  std::string all;

  void note(const Address& address, const Error& error) {
    if (!first) first = error;
    all += (all.empty() ? "" : "; ") + address.text() + ": " + error.text();
  }
};

}  // namespace

Deferred<std::unique_ptr<ByteStream>> connect_any(Clock& clock, Network& network,
                                                  std::vector<Address> addresses) {
  using Stream = std::unique_ptr<ByteStream>;
  if (addresses.empty()) co_return Error(Code::invalid, "there is no address to connect to");
  if (addresses.size() == 1) co_return co_await network.connect(addresses.front());
  addresses = interleaved(std::move(addresses));
  Queue<Outcome> outcomes(addresses.size());
  std::vector<Deferred<void>> attempts;  // after the queue: they end before it
  Failures failures;
  std::size_t failed = 0;
  while (failed < addresses.size()) {
    if (attempts.size() < addresses.size()) {
      attempts.push_back(attempt(network, addresses[attempts.size()], outcomes));
    }
    // The last waits for as long as it takes; the others, until the next one's turn.
    bool last = attempts.size() == addresses.size();
    Deferred<Outcome> next = outcomes.pop();
    if (!last) next = with_timeout(clock, connection_attempt_delay, std::move(next));
    auto ended = co_await std::move(next).result();
    if (!ended.ok()) {
      if (ended.error().is(Code::timed_out)) continue;
      co_return std::move(ended).error();
    }
    if (ended->stream.ok()) co_return Stream(std::move(*ended->stream));
    failures.note(ended->address, ended->stream.error());
    ++failed;
  }
  co_return Error(failures.first->code(), "none of " + std::to_string(addresses.size()) +
                                              " addresses could be connected to: " + failures.all);
}

}  // namespace berth
