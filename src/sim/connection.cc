#include "sim/connection.h"

#include <algorithm>

#include "sim/stream.h"

namespace berth::sim {
namespace {

constexpr std::size_t packet_bytes_max = 64 << 10;

/// Mostly whole, now and then cut anywhere.
std::size_t piece_of(Random& random, std::size_t size) {
  if (size <= 1 || !random.chance(0.2)) return size;
  std::size_t most = random.chance(0.3) ? std::min<std::size_t>(size, 16) : size;
  return 1 + random.below(most);
}

}  // namespace

Connection::Connection(Fabric& fabric, Node& client, Address client_address, Node& server,
                       Address server_address)
    : fabric_(fabric),
      send_buffer_bytes_(std::size_t{4096} << fabric.timeline.random().below(6)),
      window_bytes_(std::size_t{4096} << fabric.timeline.random().below(6)),
      ends_{End(client, std::move(client_address)), End(server, std::move(server_address))} {
  for (End& end : ends_) end.allowed = window_bytes_;
}

std::unique_ptr<Stream> Connection::open(int end) {
  auto stream = std::make_unique<Stream>(shared_from_this(), end);
  ends_[end].stream = stream.get();
  return stream;
}

Bytes Connection::take(int number, std::size_t bytes_max) {
  End& end = ends_[number];
  if (end.received.empty()) return {};
  Bytes& first = end.received.front();
  std::size_t size = piece_of(fabric_.timeline.random(), std::min(first.size(), bytes_max));
  Bytes part = first.slice(0, size);
  first.remove_prefix(size);
  if (first.empty()) end.received.pop_front();
  end.room_to_tell += size;
  if (end.room_to_tell >= window_bytes_ / 2 && !end.ended) {
    send(number, Packet::Kind::room, {}, std::exchange(end.room_to_tell, 0));
  }
  return part;
}

bool Connection::give(int number, BytesList& bytes) {
  End& end = ends_[number];
  for (Bytes& piece : bytes) {
    while (!piece.empty() && end.unsent_bytes < send_buffer_bytes_) {
      std::size_t size = std::min(send_buffer_bytes_ - end.unsent_bytes, piece.size());
      end.unsent.push_back(piece.slice(0, size));
      end.unsent_bytes += size;
      piece.remove_prefix(size);
      pump(number);
    }
  }
  return bytes.empty();
}

void Connection::end_writing(int number) {
  ends_[number].end_wanted = true;
  pump(number);
}

bool Connection::broken(int number) const {
  const End& end = ends_[number];
  return end.closed || end.failure || end.ended || !end.received.empty() || !alive(end);
}

void Connection::close(int number, bool reset) {
  End& end = ends_[number];
  if (std::exchange(end.closed, true)) return;
  end.stream = nullptr;
  if (end.failure || !alive(end)) return;
  // As kernels do: what was not read is lost, and the peer is told so (RFC 2525 section 2.17).
  if (reset || !end.received.empty()) {
    end.unsent.clear();
    end.unsent_bytes = 0;
    send(number, Packet::Kind::reset);
    return;
  }
  end.end_wanted = true;
  pump(number);
}

void Connection::pump(int number) {
  End& end = ends_[number];
  while (!end.unsent.empty() && end.allowed > 0) {
    Bytes& first = end.unsent.front();
    std::size_t most = std::min({first.size(), packet_bytes_max, std::size_t{end.allowed}});
    std::size_t size = piece_of(fabric_.timeline.random(), most);
    send(number, Packet::Kind::data, first.slice(0, size));
    first.remove_prefix(size);
    if (first.empty()) end.unsent.pop_front();
    end.unsent_bytes -= size;
    end.allowed -= size;
  }
  if (end.unsent.empty() && end.end_wanted && !std::exchange(end.end_sent, true)) {
    send(number, Packet::Kind::end);
  }
}

void Connection::send(int from, Packet::Kind kind, Bytes bytes, std::uint64_t room) {
  End& end = ends_[from];
  Duration latency = fabric_.latency(*end.node, *ends_[1 - from].node);
  MonotonicTime arrives = std::max(end.last_arrival, fabric_.timeline.now() + latency);
  end.last_arrival = arrives;
  end.wire.push_back({kind, std::move(bytes), room, arrives});
  if (end.wire.size() == 1) schedule(from, arrives);
}

void Connection::schedule(int from, MonotonicTime when) {
  fabric_.timeline.at(when, [self = shared_from_this(), from, number = ends_[from].wire_number] {
    if (self->ends_[from].wire_number == number) self->arrive(from);
  });
}

void Connection::arrive(int from) {
  End& sender = ends_[from];
  End& receiver = ends_[1 - from];
  Random& random = fabric_.timeline.random();
  // What a dead host had sent before may be on the wire still, or not.
  if (!alive(sender) && random.chance(0.5)) return empty_wire(sender);
  if (receiver.node->stalled_until > fabric_.timeline.now()) {
    return schedule(from, receiver.node->stalled_until);
  }
  if (retry_later(from)) return;
  bool far = sender.node != receiver.node;
  if (!alive(receiver) || (far && random.chance(fabric_.faults.reset_chance))) {
    return fail_both(error(from, Code::reset, "the connection was reset"));
  }
  Packet packet = std::move(sender.wire.front());
  sender.wire.pop_front();
  if (!sender.wire.empty()) {
    schedule(from, std::max(sender.wire.front().arrives, fabric_.timeline.now()));
  }
  deliver(from, std::move(packet));
}

/// True while the wire is cut, or the receiver's host is down.
bool Connection::retry_later(int from) {
  End& sender = ends_[from];
  End& receiver = ends_[1 - from];
  MonotonicTime now = fabric_.timeline.now();
  bool passes = sender.node->up ? fabric_.passes(*sender.node, *receiver.node) : receiver.node->up;
  if (passes) {
    sender.retry = retry_first;
    sender.stuck_since = {};
    return false;
  }
  if (sender.stuck_since == MonotonicTime{}) sender.stuck_since = now;
  if (now - sender.stuck_since > give_up) {
    fail_both(error(from, Code::timed_out, "nothing arrives any more"));
    return true;
  }
  schedule(from, now + sender.retry);
  sender.retry = std::min(sender.retry * 2, retry_most);
  return true;
}

void Connection::deliver(int from, Packet packet) {
  int to = 1 - from;
  End& end = ends_[to];
  fabric_.timeline.note("packet", end.node->number * 4 + static_cast<unsigned>(packet.kind),
                        packet.bytes.size() + packet.room);
  switch (packet.kind) {
    case Packet::Kind::data:
      if (end.closed) return fail(from, error(from, Code::reset, "the peer is gone"));
      if (end.failure) return;
      end.received.push_back(std::move(packet.bytes));
      break;
    case Packet::Kind::end:
      if (end.failure) return;
      end.ended = true;
      break;
    case Packet::Kind::reset:
      return fail(to, error(to, Code::reset, "the peer reset the connection"));
    case Packet::Kind::room:
      end.allowed += packet.room;
      pump(to);
      break;
  }
  wake(to);
}

void Connection::fail(int number, const Error& error) {
  End& end = ends_[number];
  if (end.failure) return;
  end.failure = error;
  empty_wire(end);
  end.unsent.clear();
  end.unsent_bytes = 0;
  // What had arrived and was not read yet: some kernels keep it.
  if (!end.received.empty() && fabric_.timeline.random().chance(0.5)) {
    end.received.clear();
    end.ended = false;
  }
  wake(number);
}

void Connection::fail_both(const Error& error) {
  auto self = shared_from_this();
  fail(0, error);
  fail(1, error);
}

void Connection::empty_wire(End& end) {
  end.wire.clear();
  ++end.wire_number;
}

void Connection::wake(int number) {
  if (ends_[number].stream) ends_[number].stream->wake();
}

Error Connection::error(int number, Code code, std::string_view what) const {
  return Error(code, std::string(what) + ": " + peer(number).text());
}

}  // namespace berth::sim
