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
#include "http/route.h"

namespace berth::http::detail {

struct ClientConnection;

/// What goes one way: the connections that wait, and the right to have more.
struct Lane {
  explicit Lane(std::size_t connections_max);
  ~Lane();
  Semaphore room;
  std::vector<std::unique_ptr<ClientConnection>> idle;  // the last was used last
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
  explicit ClientConnection(std::unique_ptr<ByteStream> opened)
      : stream(std::move(opened)), reader(*stream) {}
  Deferred<Bytes> read() override;
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream() override;
  void let_go(std::unique_ptr<ResponseBody> self) override;

  std::optional<Ticket> ticket;  // while it is in use; goes last
  std::unique_ptr<ByteStream> stream;
  H1Reader reader;
  bool keep = false;      // the answer allows another request
  bool answered = false;  // its head is there
  MonotonicTime idle_since{};

  // A body that is sent while the answer comes.
  std::optional<Error> upload_failed;
  bool sent = true;
  Deferred<void> uploading;
};

/// The connections of a Client. Owned by it and by the tickets that are out.
class ClientPool final : public std::enable_shared_from_this<ClientPool>, Timer {
 public:
  ClientPool(Clock& clock, Network& network, ClientOptions options);

  /// A kept connection that may be used at once, with its ticket; or null.
  std::unique_ptr<ClientConnection> take(const Route& route);
  /// A ticket, once there is room. overloaded: too many wait already.
  Deferred<Ticket> enter(Route route);
  /// Idle connections elsewhere make room for one that is opened now.
  void make_room();
  void give(std::unique_ptr<ClientConnection> connection);
  /// The Client goes: nothing is kept from now on.
  void close();
  std::size_t busy() const { return options.connections_max - room_.free(); }
  std::size_t idle() const { return idle_; }

  Clock& clock;
  Network& network;
  const ClientOptions options;

 private:
  friend class Ticket;
  void fire() override;
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
