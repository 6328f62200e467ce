#include "observe/syslog_server.h"

#include "async/clock.h"
#include "async/serve.h"
#include "observe/parse/syslog_frames.h"

namespace berth::observe {
namespace {

constexpr std::size_t read_bytes_max = 64 << 10;

std::string place_of(const Address& peer) {
  bool ip = peer.family() == Address::Family::ipv4 || peer.family() == Address::Family::ipv6;
  return ip ? peer.ip_text() : "unix";
}

}  // namespace

void SyslogServer::serve(std::unique_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  // It ends when the listener is closed: that is no news.
  scope_.add(berth::serve(
                 *listeners_.back(),
                 [this](std::unique_ptr<ByteStream> stream) { return converse(std::move(stream)); },
                 limits_.connections_max)
                 .or_else([](Error) {}));
}

void SyslogServer::serve(std::unique_ptr<DatagramSocket> socket) {
  sockets_.push_back(std::move(socket));
  scope_.add(receive_all(*sockets_.back()));
}

Deferred<void> SyslogServer::close() {
  for (auto& listener : listeners_) listener->close();
  for (auto& socket : sockets_) socket->close();
  return scope_.close();
}

Deferred<void> SyslogServer::receive_all(DatagramSocket& socket) {
  for (;;) {
    auto datagram = co_await socket.receive().result();
    if (!datagram.ok()) co_return;
    std::string_view text = datagram->bytes.view();
    bool cut = text.size() > limits_.line_bytes_max;
    take(std::string(text.substr(0, limits_.line_bytes_max)), cut, place_of(datagram->peer));
  }
}

Deferred<void> SyslogServer::converse(std::unique_ptr<ByteStream> stream) {
  ++counters_.connections;
  std::string peer = place_of(stream->peer_address());
  std::uint64_t misframed = counters_.without_priority;
  SyslogFrames frames(limits_.line_bytes_max);
  for (;;) {
    Bytes bytes = co_await stream->read(read_bytes_max);
    frames.feed(bytes.view());
    std::uint64_t counted = frames.counted();
    while (auto frame = frames.next()) take(std::move(frame->text), frame->cut, peer);
    counters_.counted_frames += frames.counted() - counted;
    if (bytes.empty()) break;
  }
  if (auto frame = frames.last()) take(std::move(frame->text), frame->cut, peer);
  if (counters_.without_priority != misframed) {
    log_.warning("a syslog sender's messages had no priority; is its framing right?",
                 {{"peer", peer}, {"messages", counters_.without_priority - misframed}});
  }
}

void SyslogServer::take(std::string text, bool cut, std::string_view peer) {
  WallTime now = world_.clock.wall();
  ++counters_.messages;
  counters_.bytes += text.size();
  counters_.cut += cut;
  counters_.repaired += repair_utf8(text);
  SyslogMessage message = read_syslog(text, {limits_.zone, now});
  counters_.without_priority += !message.has_priority;
  WallTime time = message.time.value_or(now);
  if (time - now > limits_.clock_error_max || now - time > limits_.clock_error_max) {
    ++counters_.wrong_clocks;
    time = now;
  }
  sink_({message, time, peer, cut});
}

}  // namespace berth::observe
