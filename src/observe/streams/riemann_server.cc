#include "observe/streams/riemann_server.h"

#include "async/serve.h"

namespace berth::observe::streams {
namespace {

constexpr std::size_t read_bytes_max = 256 << 10;

std::size_t length_of(std::string_view head) {
  auto* bytes = reinterpret_cast<const unsigned char*>(head.data());
  return std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 |
         bytes[3];
}

}  // namespace

void RiemannServer::serve(std::unique_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  // It ends when the listener is closed: that is no news.
  scope_.add(berth::serve(
                 *listeners_.back(),
                 [this](std::unique_ptr<ByteStream> stream) { return converse(std::move(stream)); },
                 limits_.connections_max)
                 .or_else([](Error) {}));
}

void RiemannServer::serve(std::unique_ptr<DatagramSocket> socket) {
  sockets_.push_back(std::move(socket));
  scope_.add(receive_all(*sockets_.back()));
}

Deferred<void> RiemannServer::close() {
  for (auto& listener : listeners_) listener->close();
  for (auto& socket : sockets_) socket->close();
  return scope_.close();
}

Deferred<void> RiemannServer::converse(std::unique_ptr<ByteStream> stream) {
  ++counters_.connections;
  std::string held;  // the beginning of a message whose end has not come
  for (;;) {
    Bytes bytes = co_await stream->read(read_bytes_max);
    if (bytes.empty()) co_return;
    if (!held.empty()) held += bytes.view();
    std::string_view all = held.empty() ? bytes.view() : std::string_view(held);
    std::string answers;
    auto taken = take_in(all, answers);
    if (taken.ok() && held.empty()) {
      held = all.substr(*taken);
    } else if (taken.ok()) {
      held.erase(0, *taken);
    }
    if (!answers.empty()) {
      if (commit_) co_await commit_();
      co_await stream->write(Bytes::copy(answers));
    }
    if (!taken.ok()) {
      log_.warning("a Riemann client's connection was ended",
                   {{"peer", stream->peer_address().text()}, {"error", taken.error()}});
      co_return;
    }
  }
}

Result<std::size_t> RiemannServer::take_in(std::string_view bytes, std::string& answers) {
  std::size_t taken = 0;
  while (bytes.size() - taken >= 4) {
    std::size_t length = length_of(bytes.substr(taken));
    if (length > riemann_message_bytes_max) {
      return Error(Code::invalid, "a message of " + std::to_string(length) +
                                      " bytes is too long; " +
                                      std::to_string(riemann_message_bytes_max) + " are the most");
    }
    if (bytes.size() - taken - 4 < length) break;
    take_message(bytes.substr(taken + 4, length), answers);
    taken += 4 + length;
  }
  return taken;
}

void RiemannServer::take_message(std::string_view bytes, std::string& answers) {
  ++counters_.messages;
  core_.begin_turn();
  auto read = message_.read(bytes, core_.now());
  if (!read.ok()) {
    ++counters_.refused;
    return append_riemann_error(answers, read.error().text());
  }
  core_.inject_all(message_.events());
  if (message_.has_query()) return answer_query(message_.query(), answers);
  append_riemann_ok(answers);
}

void RiemannServer::answer_query(const std::string& text, std::string& answers) {
  ++counters_.queries;
  auto query = Query::parse(text);
  if (!query.ok()) {
    ++counters_.refused;
    return append_riemann_error(answers, query.error().message());
  }
  std::vector<const Event*> found;
  core_.index().search(*query, limits_.query_events_max + 1,
                       [&](const Event& event) { found.push_back(&event); });
  if (found.size() > limits_.query_events_max) {
    ++counters_.refused;
    return append_riemann_error(answers, "the query finds more than " +
                                             std::to_string(limits_.query_events_max) +
                                             " events; ask for fewer");
  }
  append_riemann_events(answers, found);
}

Deferred<void> RiemannServer::receive_all(DatagramSocket& socket) {
  for (;;) {
    auto datagram = co_await socket.receive().result();
    if (!datagram.ok()) co_return;
    ++counters_.datagrams;
    core_.begin_turn();
    std::string_view bytes = datagram->bytes.view();
    if (bytes.size() <= limits_.datagram_bytes_max && message_.read(bytes, core_.now()).ok()) {
      core_.inject_all(message_.events());
    } else {
      ++counters_.lost;
    }
  }
}

}  // namespace berth::observe::streams
