#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "async/scope.h"
#include "base/log.h"
#include "names/zone.h"

namespace berth::names {

struct DnsOptions {
  std::string zone = "berth";
  Duration ttl = 5s;
  /// Larger UDP answers are cut, whatever the asker would take: no fragments (RFC 9715).
  std::size_t udp_answer_bytes_max = 1232;
  /// Connections beyond are closed at once.
  std::size_t tcp_connections_max = 64;
  /// The time for one whole query to arrive, and for one answer to be taken.
  Duration tcp_idle_time = 10s;
  /// A connection that announces a longer query is closed.
  std::size_t tcp_query_bytes_max = 4096;
};

/// What the server did since its start.
struct DnsCounters {
  std::uint64_t queries_udp = 0;
  std::uint64_t queries_tcp = 0;
  std::uint64_t malformed = 0;  // among them, and not answered where no header could be read
  std::uint64_t name_errors = 0;
  std::uint64_t refused = 0;
  std::uint64_t truncated = 0;
  std::uint64_t answers_lost = 0;  // the socket's buffer was full
  std::uint64_t tcp_connections = 0;
  std::uint64_t tcp_connections_refused = 0;
  std::uint64_t tcp_connections_timed_out = 0;
};

/// The DNS server of one host: answers for its zone over UDP and TCP at one address, out of the
/// last catalog snapshot it was given. Forwards nothing. Lives on one reactor and belongs to who
/// started it; close() ends all connections, and so does destroying it, at once. Never fails once
/// started: what goes wrong with one asker ends that asker's connection. Limits are in DnsOptions.
class DnsServer {
 public:
  /// Binds both sockets; port 0 takes a free one. `clock`, `network` and `random` outlive it.
  /// Errors: in_use, denied, invalid, io, with the address and what to do.
  static Result<std::unique_ptr<DnsServer>> start(Clock& clock, Network& network, Random& random,
                                                  const Address& address, DnsOptions options = {},
                                                  Log log = {});
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// From now on answers come from this one.
  void set_snapshot(std::shared_ptr<const catalog::Snapshot> snapshot);
  Address address() const { return datagrams_->address(); }
  const DnsCounters& counters() const { return counters_; }
  Deferred<void> close();

 private:
  DnsServer(Clock& clock, Random& random, DnsName zone, DnsOptions options, Log log);
  Deferred<void> serve_datagrams();
  Deferred<void> accept_connections();
  Deferred<void> serve_connection(std::unique_ptr<ByteStream> stream);
  /// Answers whole queries and takes them away; false if the connection is to be closed.
  bool answer_arrived(std::string& arrived, std::string& answers);
  /// Empty if nothing is to be answered.
  std::string answer(std::string_view query, std::optional<std::size_t> udp_bytes_max);
  void count(const DnsMessage& answer);

  Clock& clock_;
  Random& random_;
  DnsOptions options_;
  Log log_;
  Zone zone_;
  DnsCounters counters_;
  std::unique_ptr<DatagramSocket> datagrams_;
  std::unique_ptr<Listener> listener_;
  std::size_t open_connections_ = 0;
  Scope scope_;  // last: what it runs uses everything above
};

}  // namespace berth::names
