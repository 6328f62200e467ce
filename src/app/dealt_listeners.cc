#include "app/dealt_listeners.h"

#include <deque>
#include <utility>

#include "async/wait_list.h"
#include "os/network.h"

namespace berth::app {

class DealtListeners::Dealt final : public Listener {
 public:
  Dealt(DealtListeners& of, Address address) : of_(of), address_(std::move(address)) {
    of_.listeners_[address_] = this;
  }
  ~Dealt() override { close(); }

  void take(std::unique_ptr<ByteStream> stream) {
    if (!waiting_.empty()) {
      waiting_.wake(std::move(stream));
    } else if (untaken_.size() < untaken_max) {
      untaken_.push_back(std::move(stream));
    } else {
      ++of_.dropped_;
    }
  }
  Deferred<std::unique_ptr<ByteStream>> accept() override {
    using Stream = std::unique_ptr<ByteStream>;
    if (closed_) return failed<Stream>(Error(Code::closed, "the listener is closed"));
    if (untaken_.empty()) return waiting_.wait();
    Stream stream = std::move(untaken_.front());
    untaken_.pop_front();
    return ready(std::move(stream));
  }
  Address address() const override { return address_; }
  void close() override {
    if (std::exchange(closed_, true)) return;
    auto found = of_.listeners_.find(address_);
    if (found != of_.listeners_.end() && found->second == this) of_.listeners_.erase(found);
    of_.dropped_ += untaken_.size();
    untaken_.clear();
    waiting_.fail_all(Error(Code::closed, "the listener is closed"));
  }

 private:
  DealtListeners& of_;
  Address address_;
  bool closed_ = false;
  std::deque<std::unique_ptr<ByteStream>> untaken_;
  WaitList<std::unique_ptr<ByteStream>> waiting_;
};

Deferred<std::unique_ptr<Listener>> DealtListeners::listener(Address address) {
  return ready(std::unique_ptr<Listener>(std::make_unique<Dealt>(*this, std::move(address))));
}

void DealtListeners::take(const Address& listening, os::Descriptor socket, const Address& peer) {
  auto found = listeners_.find(listening);
  auto stream = os::adopt_stream(reactor_, std::move(socket), peer);
  if (found != listeners_.end() && stream.ok()) {
    found->second->take(std::move(*stream));
  } else {
    ++dropped_;
  }
}

}  // namespace berth::app
