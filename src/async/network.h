#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "async/deferred.h"
#include "async/disk.h"
#include "base/address.h"
#include "base/bytes.h"

namespace berth {

/// Bytes both ways, with back-pressure both ways. One read and one write may be under way at a
/// time. Destroying it closes the connection at once (unsent bytes may be lost). Operations that
/// are under way when it is destroyed or closed answer `closed`.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// What has arrived, at least one byte and at most `bytes_max`; empty once the peer ended its
  /// half. Errors: reset, timed_out, closed, io. Cancelling loses no byte: they stay for the next
  /// read.
  virtual Deferred<Bytes> read(std::size_t bytes_max = 16384) = 0;
  /// Resolves when the kernel (or peer, in memory) has taken all of it. After a cancelled write
  /// only closing is left: further ones answer closed. Errors as read; also reset when the peer
  /// reads no more.
  virtual Deferred<void> write(BytesList bytes) = 0;
  /// Writes `before`, then `length` bytes of `file`, which outlives the work, from `offset`; by the
  /// kernel without a copy where both are its own, else by reading and writing in turn. Cancelling
  /// and errors as write, also those of the file, and io where it is shorter than that; after any
  /// of them the caller closes, since what the peer got is no whole. The stream outlives the work.
  virtual Deferred<void> write_file(BytesList before, File& file, std::uint64_t offset,
                                    std::uint64_t length);
  /// Ends our half after what was written; the peer reads its end. Not while a write is under way;
  /// afterwards writes answer closed.
  virtual Deferred<void> shutdown_write() = 0;
  /// Closes both halves; what was written before is still delivered in the background, unless the
  /// peer has sent what was not read here: it may then see a reset instead (RFC 2525 section 2.17).
  virtual void close() = 0;
  /// Resets the connection: the peer sees an error, not an end (over a Unix path it may see an
  /// end).
  virtual void abort() = 0;
  virtual Address local_address() const = 0;
  virtual Address peer_address() const = 0;
  /// True if the peer has ended its half or the connection broke while nobody read: for pools.
  virtual bool broken() const = 0;
  /// What was agreed to be spoken on it, by its name in ALPN (RFC 7301): "h2"; empty: nothing was.
  virtual std::string_view protocol() const { return {}; }
  /// How many bytes the peer (its kernel) has taken since some moment, if that is known: grows
  /// while a long write is under way.
  virtual std::optional<std::uint64_t> delivered() const { return std::nullopt; }
};

class Listener {
 public:
  virtual ~Listener() = default;
  /// The next connection. Errors of a single connection are swallowed; when descriptors run out the
  /// listener waits and tries again. Errors: closed.
  virtual Deferred<std::unique_ptr<ByteStream>> accept() = 0;
  virtual Address address() const = 0;
  virtual void close() = 0;
};

struct Datagram {
  Address peer;
  Bytes bytes;
};

class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;
  virtual Deferred<Datagram> receive() = 0;
  /// False if it could not be sent now (full buffer): datagrams may be lost, this one was.
  virtual bool send(const Address& peer, const Bytes& bytes) = 0;
  virtual Address address() const = 0;
  virtual void close() = 0;
  /// Datagrams that came for it since it was bound and were dropped, because nobody read in time;
  /// 0 where that is not known.
  virtual std::uint64_t lost() const { return 0; }
};

/// Of all of them together.
inline std::uint64_t lost_by(const std::vector<std::unique_ptr<DatagramSocket>>& sockets) {
  std::uint64_t sum = 0;
  for (auto& socket : sockets) sum += socket->lost();
  return sum;
}

struct ListenOptions {
  int backlog = 1024;
  bool reuse_port = false;
  bool dealt = false;  // its connections may be given to other reactors, where there are
};

/// Sockets. Names are not resolved here. Errors of connect: refused, timed_out, unavailable (no
/// route, no such path), denied, overloaded, cancelled; of listen and bind: in_use, denied,
/// unavailable (the address is not one of this host), invalid, io.
class Network {
 public:
  virtual Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) = 0;
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address,
                                                   const ListenOptions& options = {}) = 0;
  virtual Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) = 0;

 protected:
  ~Network() = default;
};

}  // namespace berth
