#pragma once

#include <memory>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "base/log.h"
#include "observe/syslog_reader.h"

namespace berth::observe {

/// Receives syslog over UDP, TCP (octet counting and lines, decided for each frame) and Unix
/// sockets of both kinds, and hands each message to the sink. Belongs to one reactor. A sink that
/// returns late holds TCP senders back, since nothing is read meanwhile; datagrams are then lost in
/// the kernel. A connection ends with its peer's end or an error, never for what was in it.
class SyslogServer {
 public:
  using Sink = SyslogReader::Sink;

  SyslogServer(World& world, Log log, Sink sink, SyslogLimits limits = {})
      : log_(log), reader_(world, std::move(sink), std::move(limits)) {}

  /// Waited for after what has come together of a connection, before more is read of it.
  using Settle = std::function<Deferred<void>()>;
  void settle_by(Settle settle) { settle_ = std::move(settle); }
  void serve(std::unique_ptr<Listener> listener);
  void serve(std::unique_ptr<DatagramSocket> socket);
  Deferred<void> close();
  const SyslogCounters& counters() const { return reader_.counters(); }
  /// Datagrams that the kernel dropped, because they came faster than they were read.
  std::uint64_t lost_datagrams() const { return lost_by(sockets_); }

 private:
  Deferred<void> receive_all(DatagramSocket& socket);
  Deferred<void> converse(std::unique_ptr<ByteStream> stream);

  Log log_;
  SyslogReader reader_;
  Settle settle_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<DatagramSocket>> sockets_;
  Scope scope_;
};

}  // namespace berth::observe
