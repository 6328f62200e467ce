#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "base/log.h"
#include "observe/streams/core.h"
#include "observe/streams/riemann_message.h"

namespace berth::observe::streams {

struct RiemannLimits {
  std::size_t connections_max = 1000;      // beyond, a new one waits in the kernel's backlog
  std::size_t datagram_bytes_max = 16384;  // longer ones are lost and counted
  std::size_t query_events_max = 100'000;  // a query that finds more is answered with an error
};

struct RiemannCounters {
  std::uint64_t messages = 0;
  std::uint64_t queries = 0;
  std::uint64_t refused = 0;  // no message, or a wrong query; answered with an error
  std::uint64_t datagrams = 0;
  std::uint64_t lost = 0;  // datagrams that were too long or could not be read
  std::uint64_t connections = 0;
};

/// Takes events and answers queries of Riemann clients over TCP and UDP (port 5555; riemann
/// transport/tcp.clj, udp.clj). TCP: each message is its length in four bytes, big-endian, and a
/// protobuf Msg; each is answered, in order, after its events went through all streams: ok, even if
/// a stream failed, or an error, or what a query finds in the index. What has come together is
/// answered together. A message longer than riemann_message_bytes_max ends the connection. UDP is
/// not answered. Belongs to the core's reactor.
class RiemannServer {
 public:
  RiemannServer(StreamCore& core, Log log, RiemannLimits limits = {})
      : core_(core), log_(log), limits_(limits) {}

  /// Waited for before the events of a message are acknowledged, where that means that they are
  /// safe. If it fails the connection is ended, and its client sends again.
  using Commit = std::function<Deferred<void>()>;
  void acknowledge_after(Commit commit) { commit_ = std::move(commit); }
  void serve(std::unique_ptr<Listener> listener);
  void serve(std::unique_ptr<DatagramSocket> socket);
  /// Datagrams that the kernel dropped, because they came faster than they were read.
  std::uint64_t lost_datagrams() const { return lost_by(sockets_); }
  Deferred<void> close();
  const RiemannCounters& counters() const { return counters_; }

 private:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream);
  Deferred<void> receive_all(DatagramSocket& socket);
  /// Takes the whole messages at the beginning of `bytes`, appends their answers, and returns how
  /// many bytes these were. invalid: the next one is too long.
  Result<std::size_t> take_in(std::string_view bytes, std::string& answers);
  void take_message(std::string_view bytes, std::string& answers);
  void answer_query(const std::string& text, std::string& answers);

  StreamCore& core_;
  Log log_;
  RiemannLimits limits_;
  RiemannCounters counters_;
  Commit commit_;
  RiemannMessage message_;  // used again by all connections
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<DatagramSocket>> sockets_;
  Scope scope_;
};

}  // namespace berth::observe::streams
