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

Deferred<void> Server::refuse(ByteStream& stream, Refusal why, int status, std::string text) {
  auto answer = ServerResponse::problem(status, text);
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
  parked_.close_all();
  return scope_.close();
}

Deferred<void> Server::accept_all(Listener& listener) {
  for (;;) {
    auto stream = co_await listener.accept().result();
    if (!stream.ok()) co_return;
    ServerConnection connection(std::move(*stream), connections_, clients_);
    std::size_t per_client_max = options_.connections_per_client_max;
    if (connections_ > options_.connections_max) {
      scope_.add(turn_away(std::move(connection), Refusal::connections, 503,
                           "too many connections; try again later"));
    } else if (per_client_max > 0 && connection.client.count() > per_client_max) {
      scope_.add(
          turn_away(std::move(connection), Refusal::connections_per_client, 429,
                    "more than " + std::to_string(per_client_max) + " connections of one client"));
    } else {
      begin(std::move(connection), Bytes());
    }
  }
}

Deferred<void> Server::turn_away(ServerConnection connection, Refusal why, int status,
                                 std::string text) {
  std::ignore = co_await refuse(*connection.stream, why, status, std::move(text)).result();
}

void Server::begin(ServerConnection connection, Bytes first) {
  if (!scope_.closing()) scope_.add(keep(std::move(connection), std::move(first)));
}

Deferred<void> Server::keep(ServerConnection connection, Bytes first) {
  auto& stream = connection.stream;
  // A peer that goes away is no fault of ours: nobody is to be told.
  auto ended = co_await converse(connection, std::move(first)).result();
  if (ended.ok() && *ended) parked_.park(std::move(connection), **ended);
  if (!stream || ended.ok()) co_return;
  std::string text = ended.error().text();
  if (ended.error().is(Code::invalid)) {
    std::ignore = co_await refuse(*stream, Refusal::head_syntax, 400, std::move(text)).result();
  } else if (ended.error().is(Code::overloaded)) {
    std::ignore = co_await refuse(*stream, Refusal::head_size, 431, std::move(text)).result();
  }
  // Closing at once could reset what TLS has not handed on yet.
  std::ignore = co_await with_timeout(clock_, linger, stream->shutdown_write()).result();
}

Deferred<std::optional<MonotonicTime>> Server::converse(ServerConnection& connection, Bytes first) {
  auto& stream = connection.stream;
  PacedStream paced(clock_, *stream, options_.rate_grace, options_.send_bytes_per_second_min,
                    [&] { shared_.refusals.note(Refusal::answer_rate, stream->peer_address()); });
  H1Reader reader(*stream, options_.head);
  reader.put_back(std::move(first));
  // Where TLS has agreed upon a version it is that one.
  bool agreed = !stream->protocol().empty();
  HeadDeadline deadline(clock_, *stream, reader, options_, [&] {
    return refuse(*stream, Refusal::head_time, 408, "the request did not come in time");
  });
  deadline.expect_first();
  bool is_h2 = agreed && stream->protocol() == "h2";
  if (!agreed && connection.asked == 0) {
    auto begins = co_await reader.begins_with(h2_preface).result();
    if (!begins.ok() && deadline.silent_until()) co_return deadline.silent_until();
    is_h2 = co_await or_return(std::move(begins));
  }
  if (is_h2) {
    if (!deadline.lift()) co_return std::nullopt;
    co_await converse_h2(paced, reader.take_buffered());
    co_return std::nullopt;
  }
  for (Upgraded upgraded;;) {
    auto head = reader.request_at_hand();
    if (!head) {
      auto more = co_await reader.more_of_head().result_in_place();
      if (!more.ok() && deadline.silent_until()) co_return deadline.silent_until();
      co_await or_return(reader.add(co_await or_return(std::move(more))));
      continue;
    }
    if (!head->ok()) co_return std::move(*head).error();
    if (!deadline.lift()) co_return std::nullopt;
    ++shared_.requests;
    bool last = ++connection.asked == options_.requests_per_connection_max;
    if (!co_await answer_one(paced, reader, **head, last, upgraded)) co_return std::nullopt;
    if (upgraded) {
      Bytes early = reader.take_buffered();
      co_await upgraded(std::move(stream), std::move(early));
      co_return std::nullopt;
    }
    deadline.expect_next();
  }
}

Deferred<void> Server::converse_h2(ByteStream& stream, Bytes early) {
  H2Conversation conversation(clock_, stream, handler_, options_, shared_);
  co_await conversation.run(std::move(early));
}

Deferred<bool> Server::answer_one(ByteStream& stream, H1Reader& reader, RequestHead& head,
                                  bool last, Upgraded& upgraded) {
  ServerRequest request{std::move(head), stream.peer_address()};
  H1Content content(clock_, stream, reader, request, options_);
  request.content = &content;
  auto answered = co_await handler_(request).result();
  if (!answered.ok()) {
    if (answered.error().is(Code::cancelled)) co_return std::move(answered).error();
    answered = ServerResponse::problem(request, answered.error());
  }
  ServerResponse& response = *answered;
  if (request.content_fault) shared_.note_fault(request);
  HeadBuffers::Lease lease(heads_);
  HeadBuffer& out = *lease;
  if (response.upgraded) {
    append_head(out, response, true);
    co_await stream.write(out.append("\r\n").take());
    upgraded = std::move(response.upgraded);
    co_return true;
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
  co_return keep_alive;
}

}  // namespace berth::http
