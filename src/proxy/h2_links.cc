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

H2Links::Link H2Links::least_waiting() const {
  return *std::ranges::min_element(links_,
                                   [](auto& a, auto& b) { return a->waiting() < b->waiting(); });
}

H2Links::Link H2Links::link_over(Clock& clock, std::unique_ptr<ByteStream> stream) {
  auto link = std::make_shared<http::detail::H2ClientConnection>(
      clock, std::move(stream), http::HeadLimits(), http::H2ClientLimits());
  links_.push_back(link);
  return link;
}

Deferred<H2Links::Place> H2Links::open(World& world, const Address& address, const Tls& tls) {
  if (auto link = with_room()) return ready(Place{link->open(), true});
  return open_another(world, address, tls);
}

Deferred<H2Links::Place> H2Links::open_another(World& world, Address address, Tls tls) {
  auto permit = co_await opening_.acquire();
  auto link = with_room();
  bool reused = link != nullptr;
  if (!link && links_.size() >= connections_max) {
    reused = true;
    link = least_waiting();
  }
  if (!link) {
    auto connecting = tls ? tls->connect(world, address, {"h2"}) : world.network.connect(address);
    auto connected = co_await std::move(connecting).result();
    if (tls && (!connected.ok() || (*connected)->protocol() != "h2")) spoken_ = false;
    auto stream = co_await or_return(std::move(connected));
    if (tls && stream->protocol() != "h2") {
      co_return Error(Code::unavailable,
                      "the instance speaks no HTTP/2: its TLS does not agree to it");
    }
    link = link_over(world.clock, std::move(stream));
  }
  Place place;
  place.stream = link->open();
  place.reused = reused;
  co_return std::move(place);
}

H2Links::Place H2Links::adopt(Clock& clock, std::unique_ptr<ByteStream> stream) {
  spoken_ = true;
  auto link = with_room();
  bool reused = link != nullptr;
  if (!link && links_.size() >= connections_max) {
    reused = true;
    link = least_waiting();
  }
  if (!link) link = link_over(clock, std::move(stream));
  return {link->open(), reused};
}

}  // namespace berth::proxy
