#include "sim/listener.h"

#include <algorithm>

namespace berth::sim {

SimListener::SimListener(Network& network, Address address, const ListenOptions& options)
    : network_(&network),
      address_(std::move(address)),
      backlog_(static_cast<std::size_t>(std::max(options.backlog, 1))),
      shares_port_(options.reuse_port) {
  network_->listeners_.insert({address_, this});
}

Deferred<std::unique_ptr<ByteStream>> SimListener::accept() {
  if (!network_) {
    return failed<std::unique_ptr<ByteStream>>(Error(Code::closed, "the listener is closed"));
  }
  if (arrived_.empty()) return waiting_.wait();
  auto stream = std::move(arrived_.front());
  arrived_.pop_front();
  return ready(std::move(stream));
}

void SimListener::take(std::unique_ptr<ByteStream> stream) {
  if (!waiting_.empty()) return waiting_.wake(std::move(stream));
  arrived_.push_back(std::move(stream));
}

void SimListener::close() {
  if (network_) {
    std::erase_if(network_->listeners_, [&](auto& each) { return each.second == this; });
    network_ = nullptr;
  }
  for (auto& stream : arrived_) stream->abort();
  arrived_.clear();
  waiting_.fail_all(Error(Code::closed, "the listener is closed"));
}

SimDatagramSocket::SimDatagramSocket(Network& network, Address address)
    : network_(&network), address_(std::move(address)) {
  network_->datagrams_[address_] = this;
}

Deferred<Datagram> SimDatagramSocket::receive() {
  if (!network_) return failed<Datagram>(Error(Code::closed, "the socket is closed"));
  if (arrived_.empty()) return waiting_.wait();
  Datagram datagram = std::move(arrived_.front());
  arrived_.pop_front();
  return ready(std::move(datagram));
}

void SimDatagramSocket::take(Datagram datagram) {
  if (!waiting_.empty()) return waiting_.wake(std::move(datagram));
  if (arrived_.size() < datagrams_max) arrived_.push_back(std::move(datagram));
}

bool SimDatagramSocket::send(const Address& peer, const Bytes& bytes) {
  if (!network_ || bytes.size() > datagram_bytes_max) return false;
  if (peer.family() != Address::Family::ipv4 || peer.port() == 0) return false;
  Node* to = network_->route(peer);
  if (!to) return false;
  Node& from = network_->node_;
  Fabric& fabric = network_->fabric_;
  Random& random = fabric.timeline.random();
  bool far = to != &from;
  if (far && random.chance(fabric.faults.datagram_loss)) return true;
  int copies = far && random.chance(fabric.faults.datagram_repeat) ? 2 : 1;
  for (; copies > 0; --copies) {
    Duration wait = fabric.latency(from, *to);
    if (far) wait += fabric.timeline.between(0s, fabric.faults.datagram_delay_most);
    fabric.timeline.in(
        wait, [&fabric, &from, to, peer,
               datagram = Datagram{network_->source(peer, address_.port()), bytes}]() mutable {
          if (!fabric.passes(from, *to)) return;
          fabric.timeline.note("datagram", to->number, datagram.bytes.size());
          for (auto& [address, socket] : to->network->datagrams_) {
            bool all = address.ipv4_value() == 0 && address.port() == peer.port();
            if (address == peer || all) return socket->take(std::move(datagram));
          }
        });
  }
  return true;
}

void SimDatagramSocket::close() {
  if (network_) network_->datagrams_.erase(address_);
  network_ = nullptr;
  waiting_.fail_all(Error(Code::closed, "the socket is closed"));
}

}  // namespace berth::sim
