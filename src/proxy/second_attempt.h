#pragma once

#include <memory>
#include <string>

#include "async/network.h"
#include "async/sync.h"
#include "async/world.h"
#include "http/message.h"
#include "proxy/pool.h"

namespace berth::proxy {

/// The second attempt of a request that takes long (Dean and Barroso, "The Tail at Scale", 2013),
/// at another instance, while the first goes on: up to its answer's head. Counts as in flight on
/// its instance from begin() until it is taken over or destroyed, which cuts its connection. Lives
/// in the frame of a Session. Speaks HTTP/1.1 and sends no content.
class SecondAttempt {
 public:
  SecondAttempt(World& world, std::shared_ptr<Pool> pool) : world_(world), pool_(std::move(pool)) {}
  SecondAttempt(const SecondAttempt&) = delete;
  ~SecondAttempt();

  /// `endpoint` is another than the first one's.
  void begin(std::shared_ptr<Endpoint> endpoint);
  bool begun() const { return endpoint != nullptr; }
  /// `head` as it goes on the wire. Errors: those of connecting and reading; timed_out at `due`.
  Deferred<void> run(std::string head, std::string method, Duration idle_max, MonotonicTime due);
  /// Its instance and connection are somebody else's from now on.
  void taken_over() { endpoint = nullptr; }

  std::shared_ptr<Endpoint> endpoint;
  std::unique_ptr<ByteStream> stream;
  Bytes pending;  // received behind the head
  http::ResponseHead answer;
  MonotonicTime sent{};
  Duration connecting{};
  Duration response{};
  bool reused = false;

  bool under_way = false;
  Failure first_failed = Failure::none;  // what has become of the first one meanwhile
  Event over;                            // it failed
  Event never;                           // for who has lost and waits to be cancelled

 private:
  World& world_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace berth::proxy
