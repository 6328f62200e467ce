#include "runtime/port_choice.h"

#include "async/network.h"
#include "async/random.h"

namespace berth::runtime {

Result<void> PortChoice::is_free(std::uint16_t port) {
  Address address = TRY(Address::parse(ip_)).with_port(port);
  auto listener = TRY(world_.network.listen(address));  // closed again at once
  return {};
}

Result<std::uint16_t> PortChoice::choose(const placement::ServiceSpec& service,
                                         const std::string& id) {
  if (!service.has_port) return std::uint16_t{0};
  if (service.port != 0) {
    std::string port = std::to_string(service.port);
    auto other = had_by_.find(service.port);
    if (other != had_by_.end() && other->second != id) {
      return Error(Code::in_use, "port " + port + " is had by " + other->second +
                                     ": a service with a fixed port runs once on a host; without "
                                     "`port` it gets one in $PORT");
    }
    auto free = is_free(service.port);
    if (!free.ok() && free.error().is(Code::in_use)) {
      return Error(Code::in_use, "port " + port + " of " + service.name +
                                     " is in use by another program: stop that, or write another "
                                     "port");
    }
    if (!free.ok()) return std::move(free).error();
    had_by_[service.port] = id;
    return service.port;
  }
  auto count = static_cast<std::uint64_t>(last_ - first_ + 1);
  for (int tries = 0; tries < tries_max; ++tries) {
    auto port = static_cast<std::uint16_t>(first_ + world_.random.below(count));
    if (had_by_.contains(port) || !is_free(port).ok()) continue;
    had_by_[port] = id;
    return port;
  }
  return Error(Code::unavailable, "no free port was found from " + std::to_string(first_) + " to " +
                                      std::to_string(last_) + " on " + ip_);
}

void PortChoice::take(std::uint16_t port, const std::string& id) {
  if (port != 0) had_by_[port] = id;
}

void PortChoice::give_back(std::uint16_t port, const std::string& id) {
  auto found = had_by_.find(port);
  if (found != had_by_.end() && found->second == id) had_by_.erase(found);
}

}  // namespace berth::runtime
