#include "observe/syslog_server.h"

#include "async/serve.h"
#include "observe/parse/syslog_frames.h"

namespace berth::observe {
namespace {

constexpr std::size_t read_bytes_max = 64 << 10;

}  // namespace

void SyslogServer::serve(std::unique_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  // It ends when the listener is closed: that is no news.
  scope_.add(berth::serve(
                 *listeners_.back(),
                 [this](std::unique_ptr<ByteStream> stream) { return converse(std::move(stream)); },
                 reader_.limits().connections_max)
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
    bool cut = text.size() > reader_.limits().line_bytes_max;
    reader_.take(std::string(text.substr(0, reader_.limits().line_bytes_max)), cut,
                 place_of(datagram->peer));
  }
}

Deferred<void> SyslogServer::converse(std::unique_ptr<ByteStream> stream) {
  ++reader_.counters().connections;
  std::string peer = place_of(stream->peer_address());
  std::uint64_t misframed = reader_.counters().without_priority;
  SyslogFrames frames(reader_.limits().line_bytes_max);
  for (;;) {
    Bytes bytes = co_await stream->read(read_bytes_max);
    frames.feed(bytes.view());
    std::uint64_t counted = frames.counted();
    while (auto frame = frames.next()) reader_.take(std::move(frame->text), frame->cut, peer, true);
    reader_.counters().counted_frames += frames.counted() - counted;
    if (bytes.empty()) break;
    if (settle_) co_await settle_();
  }
  if (auto frame = frames.last()) reader_.take(std::move(frame->text), frame->cut, peer, true);
  if (reader_.counters().without_priority != misframed) {
    log_.warning("a syslog sender's messages had no priority; is its framing right?",
                 {{"peer", peer}, {"messages", reader_.counters().without_priority - misframed}});
  }
}

}  // namespace berth::observe
