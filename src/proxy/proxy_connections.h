#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "async/timer_queue.h"
#include "http/client_counts.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What a Proxy knows of its connections, for its own files alone.

namespace berth::proxy {

struct Proxy::Frontend {
  Address address;
  std::shared_ptr<Pool> pool;  // null: of the gateway
  std::shared_ptr<const gateway::Entrance> entrance;
  std::optional<tls::ServerContext> tls;
  std::unique_ptr<Listener> listener;
  bool closed = false;
  std::uint32_t connections = 0;
  std::uint64_t accepted = 0;
  http::ClientCounts clients;
};

/// A client's connection from its accept to its end, whether somebody talks on it or it is parked:
/// counted as long as it lives. `stream` is with who talks meanwhile.
struct Proxy::Connection {
  class Counted {
   public:
    Counted(Proxy& proxy, std::uint32_t& here) : proxy_(&proxy), here_(&here) {
      ++proxy.connections_, ++here;
    }
    Counted(Counted&& other) noexcept
        : proxy_(std::exchange(other.proxy_, nullptr)), here_(other.here_) {}
    ~Counted() {
      if (proxy_) --proxy_->connections_, ++proxy_->ended_, --*here_;
    }

   private:
    Proxy* proxy_;
    std::uint32_t* here_;
  };

  Connection(Proxy& proxy, std::shared_ptr<Frontend> of, std::unique_ptr<ByteStream> accepted)
      : frontend(std::move(of)),
        entrance(frontend->entrance),
        stream(std::move(accepted)),
        counted(proxy, frontend->connections) {}
  Connection(Connection&&) noexcept = default;

  std::shared_ptr<Frontend> frontend;
  std::shared_ptr<const gateway::Entrance> entrance;  // by which it came
  std::unique_ptr<ByteStream> stream;
  Counted counted;
  std::optional<http::ClientCounts::Counted> of_client;
  Session::Identity identity;
};

/// One of HTTP/1.1 on which nobody has said anything for Session::park_after: a stream, one read
/// and a timer, half a kilobyte, where a Session in its coroutines holds several. Listed among the
/// open sessions, in its place, and may be killed like them. What comes first wakes it; one whose
/// peer goes, or that says nothing until its time, is closed without a word. Belongs to the Proxy.
class Proxy::Parked final : public OpenSession, ReadyNode, Timer {
 public:
  Parked(Proxy& proxy, Connection connection, MonotonicTime until);
  Parked(const Parked&) = delete;
  ~Parked();

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  Shown shown() const override;
  std::string_view server() const override { return {}; }
  void kill() override { connection_.stream->abort(); }

 private:
  void run() override;
  void fire() override;

  Proxy& proxy_;
  Connection connection_;
  Deferred<Bytes> reading_;
  Parked* previous_ = nullptr;
  Parked* next_;
};

}  // namespace berth::proxy
