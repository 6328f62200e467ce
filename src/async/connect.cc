#include "async/connect.h"

#include <utility>

#include "async/connect_any.h"
#include "async/resolver.h"

namespace berth {

Deferred<std::unique_ptr<ByteStream>> connect(World& world, Endpoint endpoint) {
  if (endpoint.secured) {
    co_return Error(Code::unsupported, endpoint.text() + " asks for TLS");
  }
  if (endpoint.address.family() != Address::Family::none) {
    co_return co_await world.network.connect(endpoint.address);
  }
  if (!world.resolver) {
    co_return Error(Code::unsupported,
                    "the name " + endpoint.host + " cannot be resolved: there is no resolver here");
  }
  auto addresses = co_await world.resolver->resolve(endpoint.host, endpoint.port);
  co_return co_await connect_any(world.clock, world.network, std::move(addresses));
}

}  // namespace berth
