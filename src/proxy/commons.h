#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/address.h"
#include "proxy/limits/rate_ledger.h"

namespace berth::tls {
class TicketKeys;
}

namespace berth::proxy {

/// What the proxies of one process have in common, each on a reactor of its own: what their rates
/// have let in, and the keys of TLS tickets, so that a client resumes its session wherever it gets
/// to. From any thread; its lock is taken when something is set up, never for a request.
class Commons {
 public:
  /// Of the service, or of the gateway's clients by ""; the same one as long as anybody has it.
  std::shared_ptr<RateLedger> rates_of(std::string_view service);
  /// Of the entrance with that address; the same ones for ever.
  std::shared_ptr<tls::TicketKeys> ticket_keys_of(const Address& entrance);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<RateLedger>, std::less<>> rates_;
  std::size_t tidy_at_ = 64;  // names of rates_: then those that nobody has go
  std::map<Address, std::shared_ptr<tls::TicketKeys>> ticket_keys_;
};

}  // namespace berth::proxy
