#pragma once

#include <cstddef>
#include <functional>

#include "async/clock.h"
#include "http/server_connection.h"

namespace berth::http {

/// The connections of a Server on which nobody has said anything for a while: each holds its
/// stream, one read and a timer, half a kilobyte, where a coroutine with its reader and deadlines
/// holds several. What comes first wakes it: `wake` gets the connection with those bytes, in a
/// later turn. One whose peer goes, or that says nothing until its time, is closed without a word.
/// Belongs to the Server; bounded by its `connections_max`.
class ParkedConnections {
 public:
  using Wake = std::function<void(ServerConnection, Bytes first)>;

  ParkedConnections(Clock& clock, Wake wake) : clock_(clock), wake_(std::move(wake)) {}
  ParkedConnections(const ParkedConnections&) = delete;
  ParkedConnections& operator=(const ParkedConnections&) = delete;
  ~ParkedConnections() { close_all(); }

  void park(ServerConnection connection, MonotonicTime until);
  void close_all();
  std::size_t count() const { return count_; }

 private:
  class Parked;

  Clock& clock_;
  Wake wake_;
  Parked* first_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace berth::http
