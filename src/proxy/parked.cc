#include "async/clock.h"
#include "proxy/proxy_connections.h"

namespace berth::proxy {

Proxy::Parked::Parked(Proxy& proxy, Connection connection, MonotonicTime until)
    : proxy_(proxy),
      connection_(std::move(connection)),
      reading_(connection_.stream->read()),
      next_(proxy.parked_) {
  if (next_) next_->previous_ = this;
  proxy_.parked_ = this;
  ++proxy_.parked_count_;
  *connection_.identity.enlisted = this;
  proxy_.world().clock.timers().arm(*this, until);
  reading_.wait(*this);
}

Proxy::Parked::~Parked() {
  reading_.reset();
  --proxy_.parked_count_;
  (previous_ ? previous_->next_ : proxy_.parked_) = next_;
  if (next_) next_->previous_ = previous_;
  if (connection_.stream) proxy_.strike(connection_.identity.enlisted);
}

OpenSession::Shown Proxy::Parked::shown() const {
  Shown out;
  auto& [id, since, enlisted, caller] = connection_.identity;
  out.id = id;
  out.client = connection_.stream->peer_address();
  auto& frontend = *connection_.frontend;
  out.frontend = connection_.entrance ? connection_.entrance->name : frontend.pool->name();
  out.age = proxy_.world().clock.now() - since;
  return out;
}

void Proxy::Parked::run() {
  auto first = reading_.take();
  if (!first.ok() || first->empty()) {
    delete this;
    return;
  }
  auto& proxy = proxy_;
  auto connection = std::move(connection_);
  delete this;
  proxy.wake(std::move(connection), std::move(*first));
}

void Proxy::Parked::fire() {
  connection_.stream->close();
  delete this;
}

void Proxy::park(Connection connection, MonotonicTime until) {
  new Parked(*this, std::move(connection), until);
}

void Proxy::wake(Connection connection, Bytes first) {
  if (scope_.closing()) return strike(connection.identity.enlisted);
  scope_.add(converse(std::move(connection), std::move(first)));
}

}  // namespace berth::proxy
