#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "base/address.h"

namespace berth {

/// Addresses of hosts by name. `host` is a name, or an IP address, which is its own answer. Belongs
/// to one reactor. Errors: not_found (there is no such name, or it has no address), invalid (no
/// name at all), timed_out, unavailable (no server answered well), overloaded, closed.
class Resolver {
 public:
  /// At least one address, each with `port`, in the order in which they are to be tried.
  virtual Deferred<std::vector<Address>> resolve(std::string host, std::uint16_t port) = 0;

 protected:
  ~Resolver() = default;
};

}  // namespace berth
