#include "app/taken_sockets.h"

#include <utility>

namespace berth::app {

/// Lets go of the copy with the listener.
class TakenSockets::Kept final : public Listener {
 public:
  Kept(TakenSockets& of, std::string key, std::unique_ptr<Listener> inner)
      : of_(of), key_(std::move(key)), inner_(std::move(inner)) {
    of_.kept_.insert(this);
  }
  ~Kept() override { close(); }

  Deferred<std::unique_ptr<ByteStream>> accept() override { return inner_->accept(); }
  Address address() const override { return inner_->address(); }
  void close() override {
    if (std::exchange(closed_, true)) return;
    inner_->close();
    of_.open_.erase(key_);
    of_.kept_.erase(this);
  }

 private:
  TakenSockets& of_;
  std::string key_;
  std::unique_ptr<Listener> inner_;
  bool closed_ = false;
};

void TakenSockets::stop_listening() {
  while (!kept_.empty()) (*kept_.begin())->close();
}

template <class Make>
Result<os::Descriptor> TakenSockets::take(const std::string& name, Make&& make) {
  os::Descriptor socket;
  if (auto found = inherited_.find(name); found != inherited_.end()) {
    socket = std::move(found->second);
    inherited_.erase(found);
  } else {
    socket = TRY(make());
  }
  open_[name] = TRY(os::duplicate(socket.get()));
  return socket;
}

Result<std::unique_ptr<Listener>> TakenSockets::listen(const Address& address,
                                                       const ListenOptions& options) {
  std::string name = address.text();
  auto socket = TRY(take(name, [&] { return os::bind_listener(address, options); }));
  os::Deal deal = options.dealt && dealer_ ? dealer_(address) : os::Deal();
  auto inner = TRY(network_.adopt_listener(std::move(socket), std::move(deal)));
  return std::unique_ptr<Listener>(std::make_unique<Kept>(*this, name, std::move(inner)));
}

/// The same for datagrams.
class TakenSockets::KeptDatagrams final : public DatagramSocket {
 public:
  KeptDatagrams(TakenSockets& of, std::string key, std::unique_ptr<DatagramSocket> inner)
      : of_(of), key_(std::move(key)), inner_(std::move(inner)) {}
  ~KeptDatagrams() override { close(); }

  Deferred<Datagram> receive() override { return inner_->receive(); }
  bool send(const Address& peer, const Bytes& bytes) override { return inner_->send(peer, bytes); }
  Address address() const override { return inner_->address(); }
  void close() override {
    if (std::exchange(closed_, true)) return;
    inner_->close();
    of_.open_.erase(key_);
  }

 private:
  TakenSockets& of_;
  std::string key_;
  std::unique_ptr<DatagramSocket> inner_;
  bool closed_ = false;
};

Result<std::unique_ptr<DatagramSocket>> TakenSockets::bind_datagram(const Address& address) {
  if (address.port() == 0) return network_.bind_datagram(address);
  std::string name = "udp:" + address.text();
  auto socket = TRY(take(name, [&] { return os::bind_datagram_descriptor(address); }));
  auto inner = TRY(network_.adopt_datagram(std::move(socket)));
  return std::unique_ptr<DatagramSocket>(
      std::make_unique<KeptDatagrams>(*this, name, std::move(inner)));
}

}  // namespace berth::app
