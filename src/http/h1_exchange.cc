#include "http/h1_exchange.h"

#include "http/h1_writer.h"

namespace berth::http::detail {
namespace {

void append_head(HeadBuffer& head, const Request& request, const Route& route,
                 std::string_view authority) {
  head.append(request.method).append(" ");
  if (route.passage) head.append(route.passage->absolute);
  head.append(request.target).append(" HTTP/1.1\r\n");
  head.append_header("host", authority);
  if (route.passage && !route.passage->absolute.empty() && !route.passage->authorization.empty()) {
    head.append_header("proxy-authorization", route.passage->authorization);
  }
  if (!request.upgrade.empty()) {
    head.append_header("connection", "upgrade");
    head.append_header("upgrade", request.upgrade);
  }
  for (auto& [name, value] : request.headers) head.append_header(name, value);
}

/// Tells whether it was the source that failed, not the stream.
class WatchedSource final : public BodySource {
 public:
  WatchedSource(std::unique_ptr<BodySource> source, bool& failed)
      : source_(std::move(source)), failed_(failed) {}
  Deferred<Bytes> read() override {
    return source_->read().or_else([this](Error error) {
      failed_ = true;
      return error.is(Code::cancelled) ? Error(Code::closed, "its source was cancelled") : error;
    });
  }

 private:
  std::unique_ptr<BodySource> source_;
  bool& failed_;
};

/// Sends the body beside the answer. What goes wrong closes the stream, so that whoever reads the
/// answer ends with upload_failed.
Deferred<void> upload(ClientConnection& connection, Clock& clock, std::unique_ptr<HeadBuffer> head,
                      Body body, Duration first_byte) {
  bool source_failed = false;
  if (body.source) {
    body.source = std::make_unique<WatchedSource>(std::move(body.source), source_failed);
  }
  bool counted = body.length.has_value();
  auto sent = co_await write_message(*connection.stream, *head, std::move(body)).result();
  connection.sent = sent.ok();
  if (!sent.ok() && (source_failed || (counted && sent.error().is(Code::invalid)))) {
    connection.upload_failed = std::move(sent).error().during("reading what is to be sent");
    connection.stream->abort();
    co_return;
  }
  // A peer that takes no more may have answered already: its answer counts.
  if (connection.answered || first_byte == Duration::zero()) co_return;
  co_await clock.after(first_byte);
  if (connection.answered) co_return;
  connection.upload_failed = Error::timed_out();
  connection.stream->abort();
}

/// The answer's head, once `writing` has ended; not pending: it has ended well.
Deferred<Response> answer_of(std::unique_ptr<ClientConnection> connection, Deferred<void> writing,
                             bool head_only) {
  if (writing.pending()) co_await std::move(writing);
  H1Reader& reader = connection->reader;
  for (;;) {
    auto head = reader.response_at_hand(head_only ? "HEAD" : "GET");
    if (!head) {
      auto part = co_await connection->stream->read().result();
      Result<void> added = part.ok() ? reader.add(std::move(*part)) : std::move(part).error();
      if (added.ok()) continue;
      head.emplace(std::move(added).error());
    }
    if (!head->ok()) co_return connection->upload_failed.value_or(std::move(*head).error());
    ResponseHead& answer = **head;
    if (answer.status < 200 && answer.status != 101) continue;
    connection->answered = true;
    if (connection->sent) connection->uploading.reset();
    connection->keep = answer.keep_alive && answer.status != 101;
    co_return Response(std::move(answer), std::move(connection));
  }
}

}  // namespace

Deferred<Response> ask_by_h1(std::unique_ptr<ClientConnection> connection, const Asking& asking,
                             Body body) {
  ClientConnection& asked = *connection;
  asked.answered = false;
  asked.sent = true;
  const Request& request = asking.request;
  bool head_only = request.method == "HEAD";
  auto append_to = [&](HeadBuffer& head) {
    append_head(head, request, asking.route, authority_of(request, asking.route, asked.authority));
  };
  if (!fits_in_one_go(body)) {
    // What is sent beside the answer bounds its first byte itself, from when it was sent.
    auto head = std::make_unique<HeadBuffer>();
    append_to(*head);
    asked.sent = false;
    asked.uploading =
        upload(asked, asking.clock, std::move(head), std::move(body), asking.first_byte);
    return asking.progress.limited(Duration::zero(),
                                   answer_of(std::move(connection), ready(), head_only));
  }
  HeadBuffer& head = asked.ticket->pool().head;
  append_to(head);
  Deferred<void> writing = is_bare(request, body)
                               ? asked.stream->write(head.append("\r\n").take())
                               : write_message(*asked.stream, head, std::move(body));
  if (!writing.pending()) {
    auto written = writing.take();
    if (!written.ok()) return failed<Response>(std::move(written).error());
    writing = ready();
  }
  return asking.progress.limited(asking.first_byte,
                                 answer_of(std::move(connection), std::move(writing), head_only));
}

}  // namespace berth::http::detail
