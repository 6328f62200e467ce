#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "async/network.h"
#include "sim/fabric.h"

namespace berth::sim {

class Stream;

/// Both ends of a connection and what is on the wire between them. Each end keeps what it has not
/// sent yet (bounded), sends as much as the other has room for, and keeps what has arrived. Packets
/// of one direction arrive in order; while the wire is cut they are sent again with a growing
/// pause, and after `give_up` the connection breaks. A host that was started again answers with a
/// reset. Held by its Streams, by the listener that has not handed it out, and by what is on its
/// way.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr Duration give_up = 120s;
  static constexpr Duration retry_first = 200ms;
  static constexpr Duration retry_most = 5s;

  /// End 0 is on `client`, end 1 on `server`.
  Connection(Fabric& fabric, Node& client, Address client_address, Node& server,
             Address server_address);

  /// The user's side of an end; once each.
  std::unique_ptr<Stream> open(int end);

  // For Stream.
  const Address& local(int end) const { return ends_[end].address; }
  const Address& peer(int end) const { return ends_[1 - end].address; }
  bool dead(int end) const { return !alive(ends_[end]); }
  const Error* failure(int end) const {
    return ends_[end].failure ? &*ends_[end].failure : nullptr;
  }
  bool readable(int end) const { return !ends_[end].received.empty() || ends_[end].ended; }
  /// Some of what has arrived; empty: the peer ended its half.
  Bytes take(int end, std::size_t bytes_max);
  /// Takes over as much of `bytes` as there is room for; true if all of it.
  bool give(int end, BytesList& bytes);
  void end_writing(int end);
  bool broken(int end) const;
  /// The user lets go; `reset` breaks it for the peer.
  void close(int end, bool reset);

 private:
  struct Packet {
    enum class Kind : std::uint8_t { data, end, reset, room };
    Kind kind;
    Bytes bytes;
    std::uint64_t room = 0;  // how many more bytes the sender of this may be sent
    MonotonicTime arrives{};
  };
  struct End {
    End(Node& node, Address address) : node(&node), boot(node.boot), address(std::move(address)) {}

    Node* node;
    std::uint32_t boot;
    Address address;
    Stream* stream = nullptr;
    std::optional<Error> failure;
    bool closed = false;  // by the user

    std::deque<Bytes> unsent;
    std::size_t unsent_bytes = 0;
    std::uint64_t allowed = 0;  // bytes that the peer still has room for
    bool end_wanted = false;
    bool end_sent = false;
    std::deque<Packet> wire;
    std::uint64_t wire_number = 0;  // grows when the wire is emptied: events of before are void
    MonotonicTime last_arrival{};
    Duration retry = retry_first;
    MonotonicTime stuck_since{};  // zero: it is not

    std::deque<Bytes> received;
    std::uint64_t room_to_tell = 0;
    bool ended = false;  // the peer's half
  };

  static bool alive(const End& end) { return end.node->up && end.node->boot == end.boot; }
  void send(int from, Packet::Kind kind, Bytes bytes = {}, std::uint64_t room = 0);
  void schedule(int from, MonotonicTime when);
  void arrive(int from);
  bool retry_later(int from);
  void deliver(int from, Packet packet);
  void pump(int end);
  void fail(int end, const Error& error);
  void fail_both(const Error& error);
  void empty_wire(End& end);
  void wake(int end);
  Error error(int end, Code code, std::string_view what) const;

  Fabric& fabric_;
  std::size_t send_buffer_bytes_;
  std::size_t window_bytes_;
  End ends_[2];
};

}  // namespace berth::sim
