#include "http/parked_connections.h"

#include <utility>

namespace berth::http {

class ParkedConnections::Parked final : ReadyNode, Timer {
 public:
  Parked(ParkedConnections& owner, ServerConnection connection, MonotonicTime until)
      : owner_(owner),
        connection_(std::move(connection)),
        reading_(connection_.stream->read()),
        next_(owner.first_) {
    if (next_) next_->previous_ = this;
    owner_.first_ = this;
    ++owner_.count_;
    owner_.clock_.timers().arm(*this, until);
    reading_.wait(*this);
  }
  ~Parked() {
    reading_.reset();
    --owner_.count_;
    (previous_ ? previous_->next_ : owner_.first_) = next_;
    if (next_) next_->previous_ = previous_;
  }

 private:
  void run() override {
    auto first = reading_.take();
    if (!first.ok() || first->empty()) return fire();
    auto& wake = owner_.wake_;
    auto connection = std::move(connection_);
    delete this;
    wake(std::move(connection), std::move(*first));
  }
  void fire() override { delete this; }

  ParkedConnections& owner_;
  ServerConnection connection_;
  Deferred<Bytes> reading_;
  Parked* previous_ = nullptr;
  Parked* next_;
};

void ParkedConnections::park(ServerConnection connection, MonotonicTime until) {
  new Parked(*this, std::move(connection), until);
}

void ParkedConnections::close_all() {
  while (first_) delete first_;
}

}  // namespace berth::http
