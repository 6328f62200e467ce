#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "async/frame_pool.h"
#include "async/network.h"
#include "base/time.h"

namespace berth::proxy {

/// What is open at a Proxy, as its operator sees it: a connection of HTTP/1.1 or TCP, a request of
/// HTTP/2. Listed by the Proxy while it lives.
class OpenSession {
 public:
  /// What it does now, for people.
  struct Shown {
    std::uint64_t id = 0;  // while it is open nobody else's
    Address client;
    std::string frontend;
    std::string service;  // empty: between requests, or none was found
    std::string server;
    std::string method;
    std::string target;
    Duration age{};       // of the request; of the connection between requests
    bool asking = false;  // has a request
  };
  virtual Shown shown() const = 0;
  /// The instance that it is on; empty: none.
  virtual std::string_view server() const = 0;
  /// True if something of it is on that instance.
  virtual bool is_on(std::string_view instance) const { return server() == instance; }
  /// Ends it now, whatever it does: HAProxy's 'K' in the record.
  virtual void kill() = 0;

 protected:
  ~OpenSession() = default;
};

/// In the order in which they came. Its places come and go with requests.
using OpenSessions = std::list<OpenSession*, FrameAllocator<OpenSession*>>;

}  // namespace berth::proxy
