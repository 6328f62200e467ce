#include "observe/inputs/line_server.h"

#include <string>

#include "async/serve.h"
#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t read_bytes_max = 64 << 10;

}  // namespace

void LineServer::serve(std::unique_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  auto with = [this](std::unique_ptr<ByteStream> stream) { return converse(std::move(stream)); };
  // It ends when the listener is closed: that is no news.
  scope_.add(berth::serve(*listeners_.back(), with, limits_.connections_max).or_else([](Error) {}));
}

void LineServer::serve(std::unique_ptr<DatagramSocket> socket) {
  sockets_.push_back(std::move(socket));
  scope_.add(receive_all(*sockets_.back()));
}

Deferred<void> LineServer::close() {
  for (auto& listener : listeners_) listener->close();
  for (auto& socket : sockets_) socket->close();
  return scope_.close();
}

void LineServer::take(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return;
  if (line.size() > limits_.line_bytes_max) {
    ++too_long_;
  } else {
    sink_(line);
  }
}

Deferred<void> LineServer::receive_all(DatagramSocket& socket) {
  for (;;) {
    auto datagram = co_await socket.receive().result();
    if (!datagram.ok()) co_return;
    for (auto line : split(datagram->bytes.view(), '\n')) take(line);
  }
}

Deferred<void> LineServer::converse(std::unique_ptr<ByteStream> stream) {
  std::string held;       // the beginning of a line
  bool skipping = false;  // the rest of one that is too long
  for (;;) {
    Bytes bytes = co_await stream->read(read_bytes_max);
    std::string_view rest = bytes.view();
    for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      held += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      if (!skipping) take(held);
      skipping = false;
      held.clear();
    }
    if (!skipping) held += rest;
    if (held.size() > limits_.line_bytes_max) {
      ++too_long_;
      skipping = true;
      held.clear();
    }
    if (bytes.empty() && !skipping) take(held);
    co_await settle_();
    if (bytes.empty()) co_return;
  }
}

}  // namespace berth::observe
