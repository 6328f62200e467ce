#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "base/address.h"

namespace berth {

/// Turns the name of a host into addresses: Twisted's IResolver. Passed by reference to whoever
/// connects by name; outlives them. Belongs to one reactor.
class Resolver {
 public:
  /// The addresses of `host` with `port`, the best first (RFC 6724), at least one. `host` is a name
  /// or an IP address without brackets, and is not case sensitive. What is found may come from a
  /// cache. Errors: not_found (there is no such name, or it has no address), invalid (it is no name
  /// of a host), timed_out and unavailable (whoever knows does not answer), cancelled.
  virtual Deferred<std::vector<Address>> resolve(std::string host, std::uint16_t port) = 0;

 protected:
  ~Resolver() = default;
};

}  // namespace berth
