#include "sim/network.h"

#include <algorithm>

#include "sim/connection.h"
#include "sim/listener.h"
#include "sim/stream.h"

namespace berth::sim {
namespace {

constexpr std::size_t path_bytes_max = 107;

bool is_loopback(const Address& address) { return address.ipv4_value() >> 24 == 127; }

}  // namespace

bool Network::own(const Address& address) const {
  return is_loopback(address) || address.ipv4_value() == node_.ip || address.ipv4_value() == 0;
}

Node* Network::route(const Address& to) const {
  switch (to.family()) {
    case Address::Family::unix_path:
      return &node_;
    case Address::Family::ipv4:
      return own(to) ? &node_ : fabric_.find(to.ipv4_value());
    default:
      return nullptr;
  }
}

Address Network::source(const Address& to, std::uint16_t port) const {
  return Address::ipv4(is_loopback(to) || to.ipv4_value() == 0 ? 0x7f000001 : node_.ip, port);
}

bool Network::port_taken(std::uint16_t port) const {
  auto has = [&](auto& each) { return each.first.port() == port; };
  return std::ranges::any_of(listeners_, has) || std::ranges::any_of(datagrams_, has);
}

std::uint16_t Network::free_port() {
  do {
    next_port_ = next_port_ == 65535 ? 32768 : static_cast<std::uint16_t>(next_port_ + 1);
  } while (port_taken(next_port_));
  return next_port_;
}

Deferred<std::unique_ptr<ByteStream>> Network::connect(const Address& peer) {
  return connect_to(peer);
}

Deferred<std::unique_ptr<ByteStream>> Network::connect_to(Address peer) {
  Timeline& timeline = fabric_.timeline;
  Node* target = route(peer);
  std::string what = "connecting to " + peer.text() + ": ";
  if (!target || (peer.family() == Address::Family::ipv4 && peer.port() == 0)) {
    co_return Error(Code::unavailable, what + "no host has this address");
  }
  bool path = peer.family() == Address::Family::unix_path;
  Address local = path ? Address::unix_path("") : source(peer, free_port());
  MonotonicTime deadline = timeline.now() + connect_give_up;
  Answer answer{Arrival::lost, nullptr};
  std::unique_ptr<Stream> stream;
  for (Duration wait = 1s;; wait = wait * 2) {
    co_await timeline.after(fabric_.latency(node_, *target));
    while (target->stalled_until > timeline.now()) co_await timeline.until(target->stalled_until);
    if (answer.arrival == Arrival::lost && fabric_.passes(node_, *target)) {
      answer = target->network->arrive(peer, node_, local);
      if (answer.connection) stream = answer.connection->open(0);
    }
    co_await timeline.after(fabric_.latency(*target, node_));
    if (answer.arrival != Arrival::lost && fabric_.passes(*target, node_)) break;
    if (timeline.now() + wait > deadline) {
      co_return Error(Code::timed_out, what + "nothing answers");
    }
    co_await timeline.after(wait);
  }
  if (answer.arrival == Arrival::refused) co_return Error(Code::refused, what + "nothing listens");
  if (answer.arrival == Arrival::unavailable) {
    co_return Error(Code::unavailable, what + "there is no such path");
  }
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

Network::Answer Network::arrive(const Address& to, Node& client, const Address& client_address) {
  std::vector<SimListener*> fit;
  for (auto& [address, listener] : listeners_) {
    bool all = to.family() == Address::Family::ipv4 && address.family() == to.family() &&
               address.ipv4_value() == 0 && address.port() == to.port();
    if (address == to || all) fit.push_back(listener);
  }
  if (fit.empty()) {
    bool path = to.family() == Address::Family::unix_path;
    return {path && !paths_.contains(to.path()) ? Arrival::unavailable : Arrival::refused, nullptr};
  }
  SimListener* listener = fit[fabric_.timeline.random().below(fit.size())];
  if (listener->full()) return {Arrival::lost, nullptr};
  fabric_.timeline.note("connection", client.number, node_.number);
  auto connection = std::make_shared<Connection>(fabric_, client, client_address, node_, to);
  listener->take(connection->open(1));
  return {Arrival::accepted, std::move(connection)};
}

/// The address with a port, if it may be bound here.
Result<Address> Network::place(const Address& address) const {
  if (address.family() == Address::Family::none) return Error(Code::invalid, "an empty address");
  if (address.family() == Address::Family::unix_path) {
    if (address.path().size() <= path_bytes_max) return address;
    return Error(Code::invalid, "the path of the Unix socket " + address.path() +
                                    " is longer than " + std::to_string(path_bytes_max) + " bytes");
  }
  if (address.family() != Address::Family::ipv4 || !own(address)) {
    return Error(Code::unavailable, "binding " + address.text() + ": not an address of this host");
  }
  return address;
}

Result<std::unique_ptr<Listener>> Network::listen(const Address& address,
                                                  const ListenOptions& options) {
  Address at = TRY(place(address));
  bool path = at.family() == Address::Family::unix_path;
  if (!path && at.port() == 0) at = at.with_port(free_port());
  for (auto& [other, listener] : listeners_) {
    bool same =
        other == at || (!path && other.family() == at.family() && other.port() == at.port() &&
                        (other.ipv4_value() == 0 || at.ipv4_value() == 0));
    if (same && !(options.reuse_port && listener->shares_port())) {
      return Error(Code::in_use, "listening on " + at.text() + ": it is listened on already");
    }
  }
  if (path) paths_.insert(at.path());
  return std::unique_ptr<Listener>(new SimListener(*this, at, options));
}

Result<std::unique_ptr<DatagramSocket>> Network::bind_datagram(const Address& address) {
  if (address.family() == Address::Family::unix_path) {
    return Error(Code::invalid, "datagrams go to IP addresses only: " + address.text());
  }
  Address at = TRY(place(address));
  if (at.port() == 0) at = at.with_port(free_port());
  if (datagrams_.contains(at)) {
    return Error(Code::in_use, "binding " + at.text() + ": it is bound already");
  }
  return std::unique_ptr<DatagramSocket>(new SimDatagramSocket(*this, at));
}

void Network::crash() {
  for (auto& [address, listener] : listeners_) listener->die();
  for (auto& [address, socket] : datagrams_) socket->die();
  listeners_.clear();
  datagrams_.clear();
}

}  // namespace berth::sim
