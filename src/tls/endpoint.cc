#include "tls/endpoint.h"

#include <utility>

#include "async/connect.h"
#include "tls/handshake.h"
#include "tls/listener.h"

namespace berth::tls {

Deferred<std::unique_ptr<ByteStream>> connect(World& world, ClientContext context,
                                              Endpoint endpoint) {
  bool secured = std::exchange(endpoint.secured, false);
  auto stream = co_await berth::connect(world, endpoint);
  if (!secured) co_return std::move(stream);
  co_return co_await connect(std::move(context), world.clock, std::move(stream), endpoint.host);
}

Result<std::unique_ptr<berth::Listener>> listen(World& world, ServerContext context,
                                                const Endpoint& endpoint) {
  auto below = TRY(world.network.listen(endpoint.address));
  if (!endpoint.secured) return below;
  return std::unique_ptr<berth::Listener>(
      std::make_unique<Listener>(std::move(context), world.clock, std::move(below)));
}

}  // namespace berth::tls
