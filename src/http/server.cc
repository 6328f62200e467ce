#include "http/server.h"

#include <tuple>

#include "base/strings.h"
#include "http/h1_content.h"
#include "http/h1_writer.h"
#include "http/h2_conversation.h"
#include "http/head_deadline.h"
#include "http/paced_stream.h"
#include "http/read_away.h"

namespace berth::http {
namespace {

constexpr Duration linger = 2s;

/// Those of HTTP/1.1's framing are the server's own.
bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding");
}

}  // namespace

void Server::append_head(HeadBuffer& head, const ServerResponse& response, bool keep_alive) {
  head.append("HTTP/1.1 ").append(static_cast<std::size_t>(response.status));
  head.append(" ").append(reason_of(response.status)).append("\r\n");
  bool dated = false;
  for (auto& [name, value] : response.headers) {
    if (!writable_value(value) || is_framing(name)) continue;
    dated = dated || equal_ignoring_case(name, "date");
    head.append_header(name, value);
  }
  if (!dated) head.append_header("date", shared_.date.value());
  if (!keep_alive) head.append_header("connection", "close");
}

Deferred<void> Server::refuse(ByteStream& stream, Refusal why, ServerResponse answer) {
  shared_.refusals.note(why, stream.peer_address(), answer.body.text.view());
  HeadBuffer head;
  append_head(head, answer, false);
  co_await write_message(stream, head, std::move(answer.body));
}

void Server::serve(std::unique_ptr<Listener> listener) {
  listeners_.push_back(std::move(listener));
  scope_.add(accept_all(*listeners_.back()));
}

Deferred<void> Server::close() {
  for (auto& listener : listeners_) listener->close();
  return scope_.close();
}

Deferred<void> Server::accept_all(Listener& listener) {
  for (;;) {
    auto stream = co_await listener.accept().result();
    if (!stream.ok()) co_return;
    scope_.add(converse_counted(std::move(*stream)));
  }
}

Deferred<void> Server::converse_counted(std::unique_ptr<ByteStream> stream) {
  struct Open {
    std::size_t& count;
    explicit Open(std::size_t& c) : count(c) { ++count; }
    ~Open() { --count; }
  } open(connections_);
  ClientCounts::Counted of_client(clients_, stream->peer_address());
  if (connections_ > options_.connections_max) {
    auto busy = ServerResponse::problem(503, "too many connections; try again later");
    std::ignore = co_await refuse(*stream, Refusal::connections, std::move(busy)).result();
    co_return;
  }
  std::size_t per_client_max = options_.connections_per_client_max;
  if (per_client_max > 0 && of_client.count() > per_client_max) {
    auto greedy = ServerResponse::problem(
        429, "more than " + std::to_string(per_client_max) + " connections of one client");
    std::ignore =
        co_await refuse(*stream, Refusal::connections_per_client, std::move(greedy)).result();
    co_return;
  }
  // A peer that goes away is no fault of ours: nobody is to be told.
  auto ended = co_await converse(stream).result();
  if (!stream || ended.ok()) co_return;
  std::string text = ended.error().text();
  if (ended.error().is(Code::invalid)) {
    std::ignore =
        co_await refuse(*stream, Refusal::head_syntax, ServerResponse::problem(400, text)).result();
  } else if (ended.error().is(Code::overloaded)) {
    std::ignore =
        co_await refuse(*stream, Refusal::head_size, ServerResponse::problem(431, text)).result();
  }
  // Closing at once could reset what TLS has not handed on yet.
  std::ignore = co_await with_timeout(clock_, linger, stream->shutdown_write()).result();
}

Deferred<void> Server::converse(std::unique_ptr<ByteStream>& stream) {
  PacedStream paced(clock_, *stream, options_.rate_grace, options_.send_bytes_per_second_min,
                    [&] { shared_.refusals.note(Refusal::answer_rate, stream->peer_address()); });
  H1Reader reader(*stream, options_.head);
  // Where TLS has agreed upon a version it is that one.
  bool agreed = !stream->protocol().empty();
  HeadDeadline deadline(clock_, *stream, reader, options_, [&] {
    auto late = ServerResponse::problem(408, "the request did not come in time");
    return refuse(*stream, Refusal::head_time, std::move(late));
  });
  deadline.expect_first();
  if (agreed ? stream->protocol() == "h2" : co_await reader.begins_with(h2_preface)) {
    if (!deadline.lift()) co_return;
    H2Conversation conversation(clock_, paced, handler_, options_, shared_);
    co_await conversation.run(reader.take_buffered());
    co_return;
  }
  for (std::uint64_t asked = 1;; ++asked) {
    RequestHead head = co_await reader.request();
    if (!deadline.lift()) co_return;
    ++shared_.requests;
    bool last = asked == options_.requests_per_connection_max;
    Next next = co_await answer_one(paced, reader, std::move(head), last);
    if (next.upgraded) {
      Bytes early = reader.take_buffered();
      co_await next.upgraded(std::move(stream), std::move(early));
      co_return;
    }
    if (!next.keep_alive) co_return;
    deadline.expect_next();
  }
}

Deferred<Server::Next> Server::answer_one(ByteStream& stream, H1Reader& reader, RequestHead head,
                                          bool last) {
  ServerRequest request{std::move(head), stream.peer_address()};
  H1Content content(clock_, stream, reader, request, options_);
  request.content = &content;
  auto answered = co_await handler_(request).result();
  ServerResponse response;
  if (answered.ok()) {
    response = std::move(*answered);
  } else if (answered.error().is(Code::cancelled)) {
    co_return std::move(answered).error();
  } else {
    response = ServerResponse::problem(request, answered.error());
  }
  if (request.content_fault) shared_.note_fault(request);
  HeadBuffers::Lease lease(heads_);
  HeadBuffer& out = *lease;
  if (response.upgraded) {
    append_head(out, response, true);
    co_await stream.write(out.append("\r\n").take());
    co_return Next{true, std::move(response.upgraded)};
  }
  bool keep_alive = request.head.keep_alive && reader.body_done() && !last;
  append_head(out, response, keep_alive);
  if (may_have_content(response.status)) {
    co_await write_message(stream, out, std::move(response.body), request.head.method != "HEAD");
  } else {
    co_await stream.write(out.append("\r\n").take());
  }
  if (!reader.body_done()) {
    std::ignore = co_await with_timeout(clock_, linger, read_away(stream)).result();
  }
  co_return Next{keep_alive, {}};
}

}  // namespace berth::http
