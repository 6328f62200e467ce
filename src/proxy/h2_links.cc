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

H2Links::Link H2Links::standing() {
  if (auto link = with_room()) return link;
  if (links_.size() < connections_max) return nullptr;
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
  if (auto link = standing()) co_return Place{link->open(), true};
  gateway::InstanceTls::Protocols protocols{"h2"};
  auto connecting = gateway::connect_to_instance(world, address, tls.get(), std::move(protocols));
  auto connected = co_await std::move(connecting).result();
  bool agreed = !tls || (connected.ok() && (*connected)->protocol() == "h2");
  if (!agreed) spoken_ = false;
  auto stream = co_await or_return(std::move(connected));
  if (!agreed) {
    co_return Error(Code::unavailable,
                    "the instance speaks no HTTP/2: its TLS does not agree to it");
  }
  auto link = link_over(world.clock, std::move(stream));
  co_return Place{link->open(), false};
}

H2Links::Place H2Links::adopt(Clock& clock, std::unique_ptr<ByteStream> stream) {
  spoken_ = true;
  if (auto link = standing()) return {link->open(), true};
  return {link_over(clock, std::move(stream))->open(), false};
}

}  // namespace berth::proxy
