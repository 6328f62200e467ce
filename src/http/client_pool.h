#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/sync.h"
#include "async/timer_queue.h"
#include "http/client.h"
#include "http/h1_reader.h"
#include "http/h1_writer.h"
#include "http/route.h"

namespace berth::http::detail {

struct ClientConnection;
class H2ClientConnection;
class H2ClientStream;

/// What goes one way: the connections that wait, and the right to have more.
struct Lane {
  explicit Lane(std::size_t connections_max);
  ~Lane();
  Semaphore room;
  std::vector<std::unique_ptr<ClientConnection>> idle;  // the last was used last
  std::shared_ptr<H2ClientConnection> shared;           // takes all requests, where there is one
  bool by_h1 = false;  // each request has a connection of its own, as far as is known
  Lock opening;        // until that is known, and for the shared one: one at a time
  std::size_t visitors = 0;
};
using Lanes = std::map<Route, Lane, Route::SameWay>;

/// The right to one connection of a lane, from before it is opened until it is closed or idle.
class Ticket {
 public:
  Ticket(std::shared_ptr<ClientPool> pool, Lanes::iterator lane, Semaphore::Permit in_lane,
         Semaphore::Permit in_all)
      : pool_(std::move(pool)),
        lane_(lane),
        in_all_(std::move(in_all)),
        in_lane_(std::move(in_lane)) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket();

  ClientPool& pool() const { return *pool_; }
  Lane& lane() const { return lane_->second; }
  Lanes::iterator way() const { return lane_; }
  /// One that waits in the lane, and is whole; or null.
  std::unique_ptr<ClientConnection> take_idle();

 private:
  std::shared_ptr<ClientPool> pool_;
  Lanes::iterator lane_;
  std::optional<Semaphore::Permit> in_all_;
  std::optional<Semaphore::Permit> in_lane_;
};

/// One connection with what is being asked on it: the body of its answer.
struct ClientConnection final : ResponseBody {
  ClientConnection(std::unique_ptr<ByteStream> opened, const HeadLimits& head)
      : stream(std::move(opened)), reader(*stream, head) {}
  Deferred<Bytes> read() override;
  std::optional<Result<Bytes>> at_hand() override { return reader.body_at_hand(); }
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream(
      std::unique_ptr<ResponseBody> self) override;
  void let_go(std::unique_ptr<ResponseBody> self) override;

  std::optional<Ticket> ticket;  // while it is in use; goes last
  std::unique_ptr<ByteStream> stream;
  H1Reader reader;
  std::string authority;  // of requests that do not tell one
  bool keep = false;      // the answer allows another request
  bool answered = false;  // its head is there
  MonotonicTime idle_since{};

  // A body that is sent while the answer comes.
  std::optional<Error> upload_failed;
  bool sent = true;
  Deferred<void> uploading;
};

/// What carries one request: a connection of HTTP/1.1 for it alone, or a place on one of HTTP/2.
struct Carrier {
  std::unique_ptr<ClientConnection> alone;
  std::unique_ptr<H2ClientStream> stream;

  Carrier();
  explicit Carrier(std::unique_ptr<ClientConnection> alone);
  explicit Carrier(std::unique_ptr<H2ClientStream> stream);
  Carrier(Carrier&&) noexcept;
  Carrier& operator=(Carrier&&) noexcept;
  ~Carrier();
  explicit operator bool() const { return alone || stream; }
};

/// Keeps a lane while somebody looks for a way in it.
class Visit {
 public:
  Visit(ClientPool& pool, const Route& route);
  Visit(const Visit&) = delete;
  ~Visit();
  Lane& lane() const { return lane_->second; }
  Lanes::iterator way() const { return lane_; }

 private:
  ClientPool& pool_;
  Lanes::iterator lane_;
};

/// The connections of a Client. Owned by it and by the tickets that are out.
class ClientPool final : public std::enable_shared_from_this<ClientPool>, Timer {
 public:
  ClientPool(Clock& clock, Network& network, ClientOptions options);

  /// What may be used at once; or nothing.
  Carrier take(const Route& route);
  /// A place on the lane's shared connection; or null. One that carried nothing takes `ticket`, or
  /// without it what is free.
  std::unique_ptr<H2ClientStream> take_shared(Lanes::iterator lane, Ticket* ticket = nullptr);
  /// A ticket, once there is room. overloaded: too many wait already.
  Deferred<Ticket> enter(Route route);
  /// Idle connections elsewhere make room for one that is opened now.
  void make_room();
  void give(std::unique_ptr<ClientConnection> connection);
  /// The shared connection carries no request now.
  void rest(H2ClientConnection& connection);
  /// The Client goes: nothing is kept from now on.
  void close();
  std::size_t busy() const { return options.connections_max - room_.free(); }
  std::size_t idle() const { return idle_; }
  bool closed() const { return closed_; }

  Clock& clock;
  Network& network;
  const ClientOptions options;
  HeadBuffer head;  // where each request's head is written, one after the other

 private:
  friend class Ticket;
  friend class Visit;
  void fire() override;
  std::optional<Ticket> try_enter(Lanes::iterator lane);
  /// The shared one of a lane, if it carries no request; or null.
  static H2ClientConnection* resting(const Lane& lane);
  void drop_shared(Lane& lane);
  Lanes::iterator lane_of(const Route& route);
  bool close_oldest();
  /// A lane that nobody is in any more goes.
  void tidy(Lanes::iterator lane);

  Semaphore room_;
  Lanes lanes_;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace berth::http::detail
