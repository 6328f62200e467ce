#include "proxy/commons.h"

#include "tls/ticket_keys.h"

namespace berth::proxy {

std::shared_ptr<RateLedger> Commons::rates_of(std::string_view service) {
  std::lock_guard lock(mutex_);
  if (rates_.size() >= tidy_at_) {
    std::erase_if(rates_, [](auto& each) { return each.second.expired(); });
    tidy_at_ = 2 * rates_.size() + 64;
  }
  auto found = rates_.find(service);
  if (found != rates_.end()) {
    if (auto rates = found->second.lock()) return rates;
  }
  auto rates = std::make_shared<RateLedger>();
  rates_.insert_or_assign(std::string(service), rates);
  return rates;
}

std::shared_ptr<tls::TicketKeys> Commons::ticket_keys_of(const Address& entrance) {
  std::lock_guard lock(mutex_);
  auto& keys = ticket_keys_[entrance];
  if (!keys) keys = std::make_shared<tls::TicketKeys>();
  return keys;
}

}  // namespace berth::proxy
