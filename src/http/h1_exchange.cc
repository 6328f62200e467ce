#include "http/h1_exchange.h"

#include "http/h1_writer.h"

namespace berth::http::detail {
namespace {

std::string head_of(const Request& request, const Route& route) {
  std::string head = request.method + " ";
  if (route.passage) head += route.passage->absolute;
  head.append(request.target).append(" HTTP/1.1\r\n");
  append_header(head, "host", authority_of(request, route));
  if (route.passage && !route.passage->absolute.empty() && !route.passage->authorization.empty()) {
    append_header(head, "proxy-authorization", route.passage->authorization);
  }
  for (auto& [name, value] : request.headers) append_header(head, name, value);
  return head;
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
Deferred<void> upload(ClientConnection& connection, Clock& clock, std::string head, Body body,
                      Duration first_byte) {
  bool source_failed = false;
  if (body.source) {
    body.source = std::make_unique<WatchedSource>(std::move(body.source), source_failed);
  }
  bool counted = body.length.has_value();
  auto sent = co_await write_message(*connection.stream, std::move(head), std::move(body)).result();
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

Deferred<ResponseHead> read_head(ClientConnection& connection, std::string method) {
  for (;;) {
    ResponseHead answer = co_await connection.reader.response(method);
    if (answer.status < 200 && answer.status != 101) continue;
    connection.answered = true;
    if (connection.sent) connection.uploading.reset();
    co_return std::move(answer);
  }
}

Deferred<Response> run(std::unique_ptr<ClientConnection> connection, Clock& clock, std::string head,
                       Body body, std::string method, Duration first_byte) {
  connection->answered = false;
  connection->sent = true;
  bool bare = !body.source && body.text.empty() &&
              (method == "GET" || method == "HEAD" || method == "DELETE");
  if (bare) {
    head += "\r\n";
    co_await connection->stream->write(Bytes::copy(head));
  } else if (fits_in_one_go(body)) {
    co_await write_message(*connection->stream, std::move(head), std::move(body));
  } else {
    connection->sent = false;
    connection->uploading =
        upload(*connection, clock, std::move(head), std::move(body), first_byte);
  }
  auto answer = co_await read_head(*connection, std::move(method)).result();
  if (!answer.ok()) co_return connection->upload_failed.value_or(std::move(answer).error());
  connection->keep = answer->keep_alive && answer->status != 101;
  co_return Response(std::move(*answer), std::move(connection));
}

}  // namespace

Deferred<Response> ask_by_h1(std::unique_ptr<ClientConnection> connection, const Asking& asking,
                             Body body) {
  // What is sent beside the answer bounds its first byte itself, from when it was sent.
  bool in_one_go = fits_in_one_go(body);
  Deferred<Response> asked =
      run(std::move(connection), asking.clock, head_of(asking.request, asking.route),
          std::move(body), asking.request.method, asking.first_byte);
  return asking.progress.limited(in_one_go ? asking.first_byte : Duration::zero(),
                                 std::move(asked));
}

}  // namespace berth::http::detail
