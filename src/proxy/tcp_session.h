#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "async/network.h"
#include "async/timer_queue.h"
#include "http/access_record.h"
#include "proxy/gateway/gateway.h"
#include "proxy/open_session.h"
#include "proxy/pool.h"

namespace berth::proxy {

class Proxy;

/// A connection of a listener in TCP mode: bytes to one instance of its service and back, each half
/// closed by itself, in constant memory. Lives in the frame of Proxy::serve. The instance counts it
/// as in flight until it is over; then one record is noted, whose method is empty.
///
///     choosing --(queue)--> connecting --open--> bytes both ways --both halves end--> noted
///         ^                     |                      | nothing for idle_timeout, or a reset
///         +--- another one -----+ `retries` times      +--------------> noted
class TcpSession final : public OpenSession, Timer {
 public:
  /// `client` came by `entrance`, behind its PROXY header and within its TLS.
  TcpSession(Proxy& proxy, std::shared_ptr<Pool> pool,
             std::shared_ptr<const gateway::Entrance> entrance,
             const std::uint32_t& frontend_connections, std::unique_ptr<ByteStream> client);
  ~TcpSession();
  Deferred<void> run();

  Shown shown() const override;
  std::string_view server() const override {
    return endpoint_ ? std::string_view(endpoint_->id) : std::string_view();
  }
  void kill() override;

 private:
  enum class Side : std::uint8_t { client, server };

  void fire() override;
  Pool::Wish wish() const;
  Deferred<void> choose();
  Deferred<bool> reach();
  Deferred<std::unique_ptr<ByteStream>> prepare();
  Deferred<void> connect();
  Deferred<void> talk();
  Deferred<void> pump(ByteStream& from, ByteStream& to, std::uint64_t& count, Side side);
  void touch(Side side);
  void ended(char who, char where);
  void release();
  void note_record();

  Proxy& proxy_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<const gateway::Entrance> entrance_;
  const std::uint32_t& frontend_connections_;
  std::unique_ptr<ByteStream> client_;
  std::unique_ptr<ByteStream> upstream_;
  std::shared_ptr<Endpoint> endpoint_;
  std::array<std::shared_ptr<Endpoint>, Pool::tried_max> tried_;
  std::size_t tried_count_ = 0;
  http::AccessRecord record_;
  MonotonicTime begun_;
  MonotonicTime heard_;       // when bytes went last
  Side last_ = Side::client;  // from whom
  std::uint64_t id_;
  OpenSessions::iterator enlisted_;
};

}  // namespace berth::proxy
