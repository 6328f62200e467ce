#include "proxy/prepared_listeners.h"

namespace berth::proxy {
namespace {

constexpr ListenOptions dealt{.dealt = true};

}  // namespace

Result<void> PreparedListeners::prepare(const std::vector<Address>& addresses) {
  std::map<Address, std::unique_ptr<Listener>> opened;
  for (auto& address : addresses) {
    if (in_use_.contains(address) || opened.contains(address)) continue;
    auto listener = network_.listen(address, dealt);
    if (!listener.ok()) return std::move(listener).error().during("listening on " + address.text());
    opened.emplace(address, std::move(*listener));
  }
  for (auto& [address, listener] : opened) prepared_.insert_or_assign(address, std::move(listener));
  return {};
}

Deferred<std::unique_ptr<Listener>> PreparedListeners::listener(Address address) {
  auto found = prepared_.find(address);
  Result<std::unique_ptr<Listener>> listener = nullptr;
  if (found != prepared_.end()) {
    listener = std::move(found->second);
    prepared_.erase(found);
  } else {
    listener = network_.listen(address, dealt);
  }
  if (listener.ok()) in_use_[address] = true;
  return resolved<std::unique_ptr<Listener>>(std::move(listener));
}

}  // namespace berth::proxy
