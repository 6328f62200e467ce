#include "proxy/h2_links.h"

#include <algorithm>

#include "http/h2_client_connection.h"
#include "http/h2_client_stream.h"

namespace berth::proxy {

H2Links::H2Links() = default;
H2Links::~H2Links() = default;

H2Links::Link H2Links::with_room() {
  std::erase_if(links_, [](auto& link) { return !link->usable(); });
  for (auto& link : links_) {
    if (link->has_room()) return link;
  }
  return nullptr;
}

Deferred<H2Links::Place> H2Links::open(World& world, const Address& address) {
  if (auto link = with_room()) return ready(Place{link->open(), true});
  return open_another(world, address);
}

Deferred<H2Links::Place> H2Links::open_another(World& world, const Address& address) {
  auto permit = co_await opening_.acquire();
  auto link = with_room();
  bool reused = link != nullptr;
  if (!link && links_.size() >= connections_max) {
    reused = true;
    link = *std::ranges::min_element(links_,
                                     [](auto& a, auto& b) { return a->waiting() < b->waiting(); });
  }
  if (!link) {
    auto stream = co_await world.network.connect(address);
    link = std::make_shared<http::detail::H2ClientConnection>(
        world.clock, std::move(stream), http::HeadLimits(), http::H2ClientLimits());
    links_.push_back(link);
  }
  Place place;
  place.stream = link->open();
  place.reused = reused;
  co_return std::move(place);
}

}  // namespace berth::proxy
