#include "app/taken_sockets.h"

#include <utility>

namespace berth::app {

/// Lets go of the copy with the listener.
class TakenSockets::Kept final : public Listener {
 public:
  Kept(TakenSockets& of, Address key, std::unique_ptr<Listener> inner)
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
  Address key_;
  std::unique_ptr<Listener> inner_;
  bool closed_ = false;
};

void TakenSockets::stop_listening() {
  while (!kept_.empty()) (*kept_.begin())->close();
}

Result<std::unique_ptr<Listener>> TakenSockets::listen(const Address& address,
                                                       const ListenOptions& options) {
  os::Descriptor socket;
  if (auto found = inherited_.find(address); found != inherited_.end()) {
    socket = std::move(found->second);
    inherited_.erase(found);
  } else {
    socket = TRY(os::bind_listener(address, options));
  }
  auto copy = TRY(os::duplicate(socket.get()));
  auto inner = TRY(network_.adopt_listener(std::move(socket)));
  open_[address] = std::move(copy);
  return std::unique_ptr<Listener>(std::make_unique<Kept>(*this, address, std::move(inner)));
}

}  // namespace berth::app
