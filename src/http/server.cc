#include "http/server.h"

#include <optional>
#include <tuple>

#include "base/json_writer.h"
#include "http/h1_writer.h"
#include "http/h2_conversation.h"
#include "http/read_away.h"
#include "http/url.h"

namespace berth::http {
namespace {

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::already_exists:
    case Code::conflict:
      return 409;
    case Code::overloaded:
    case Code::unavailable:
    case Code::closed:
      return 503;
    case Code::timed_out:
      return 504;
    case Code::disk_full:
      return 507;
    case Code::unsupported:
      return 501;
    default:
      return 500;
  }
}

/// The content of a request of HTTP/1.1, asked for where the client waits for that.
class H1Content final : public BodySource {
 public:
  H1Content(ByteStream& stream, H1Reader& reader, bool continue_wanted)
      : stream_(stream), reader_(reader), continue_wanted_(continue_wanted) {}
  Deferred<Bytes> read() override {
    if (std::exchange(continue_wanted_, false)) return ask();
    return reader_.body();
  }

 private:
  Deferred<Bytes> ask() {
    co_await stream_.write(Bytes::literal("HTTP/1.1 100 Continue\r\n\r\n"));
    co_return co_await reader_.body();
  }

  ByteStream& stream_;
  H1Reader& reader_;
  bool continue_wanted_;
};

void append_head(HeadBuffer& head, const ServerResponse& response, bool keep_alive) {
  head.append("HTTP/1.1 ").append(static_cast<std::size_t>(response.status));
  head.append(" ").append(reason_of(response.status)).append("\r\n");
  for (auto& [name, value] : response.headers) {
    if (writable_value(value)) head.append_header(name, value);
  }
  if (!keep_alive) head.append_header("connection", "close");
}

/// The last answer on a connection whose requests were not read.
Deferred<void> refuse(ByteStream& stream, ServerResponse refusal) {
  HeadBuffer head;
  append_head(head, refusal, false);
  co_await write_message(stream, head, std::move(refusal.body));
}

constexpr Duration linger = 2s;

/// Closes a connection whose next request does not come in time: what waits for it hears `closed`.
/// It is armed for long and looks when it fires whether the time has moved meanwhile, so that the
/// many requests that are in time cost the timers nothing.
class Deadline final : Timer {
 public:
  Deadline(Clock& clock, ByteStream& stream) : clock_(clock), stream_(stream) {}
  void set(Duration limit) {
    due_ = clock_.now() + limit;
    if (armed() && armed_for_ <= due_) return;
    arm();
  }
  /// Until the next set.
  void lift() { due_.reset(); }

 private:
  void arm() {
    armed_for_ = *due_;
    clock_.timers().arm(*this, *due_);
  }
  void fire() override {
    if (!due_) return;
    if (clock_.now() < *due_) return arm();
    stream_.close();
  }

  Clock& clock_;
  ByteStream& stream_;
  std::optional<MonotonicTime> due_;
  MonotonicTime armed_for_{};
};

}  // namespace

std::string_view ServerRequest::parameter(std::string_view name) const {
  for (auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string ServerRequest::query(std::string_view name) const {
  return query_value(head.query(), name);
}

Deferred<std::string> ServerRequest::body(std::size_t bytes_max) {
  if (head.framing.length > bytes_max) {
    co_return Error(Code::overloaded,
                    "the body is longer than " + std::to_string(bytes_max) + " bytes");
  }
  co_return co_await read_all(*content, bytes_max);
}

ServerResponse ServerResponse::json(std::string text, int status) {
  return {status,
          {{"content-type", "application/json"}, {"cache-control", "no-store"}},
          Body(std::move(text))};
}

ServerResponse ServerResponse::text(std::string text, int status) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}, Body(std::move(text))};
}

ServerResponse ServerResponse::problem(int status, std::string_view detail) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("type").value("about:blank");
  out.key("title").value(reason_of(status));
  out.key("status").value(status);
  out.key("detail").value(detail);
  out.end_object();
  return {status,
          {{"content-type", "application/problem+json"}, {"cache-control", "no-store"}},
          Body(std::move(text))};
}

ServerResponse ServerResponse::problem(const Error& error) {
  return problem(status_of(error.code()), error.text());
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
  struct Counted {
    std::size_t& count;
    explicit Counted(std::size_t& c) : count(c) { ++count; }
    ~Counted() { --count; }
  } counted(connections_);
  if (connections_ > options_.connections_max) {
    std::ignore = co_await refuse(*stream, ServerResponse::problem(
                                               503, "too many connections; try again later"))
                      .result();
    co_return;
  }
  // A peer that goes away or sends nonsense is no fault of ours: nobody is to be told.
  auto ended = co_await converse(stream).result();
  if (!stream) co_return;
  if (!ended.ok()) {
    if (!ended.error().is(Code::invalid) && !ended.error().is(Code::overloaded)) co_return;
    int status = ended.error().is(Code::invalid) ? 400 : 431;
    std::ignore =
        co_await refuse(*stream, ServerResponse::problem(status, ended.error().text())).result();
  }
  // Closing at once could reset what TLS has not handed on yet.
  std::ignore = co_await with_timeout(clock_, linger, stream->shutdown_write()).result();
}

Deferred<void> Server::converse(std::unique_ptr<ByteStream>& stream) {
  H1Reader reader(*stream, options_.head);
  HeadBuffer out;
  Deadline deadline(clock_, *stream);
  deadline.set(options_.head_timeout);
  // Where TLS has agreed upon a version it is that one.
  bool agreed = !stream->protocol().empty();
  if (agreed ? stream->protocol() == "h2" : co_await reader.begins_with(h2_preface)) {
    deadline.lift();
    H2Conversation conversation(clock_, *stream, handler_, options_);
    co_await conversation.run(reader.take_buffered());
    co_return;
  }
  for (;;) {
    RequestHead head = co_await reader.request();
    deadline.lift();
    Next next = co_await answer_one(*stream, reader, out, std::move(head));
    if (next.upgraded) {
      Bytes early = reader.take_buffered();
      co_await next.upgraded(std::move(stream), std::move(early));
      co_return;
    }
    if (!next.keep_alive) co_return;
    deadline.set(options_.idle_timeout);
  }
}

Deferred<Server::Next> Server::answer_one(ByteStream& stream, H1Reader& reader, HeadBuffer& out,
                                          RequestHead head) {
  H1Content content(stream, reader, head.expects_continue());
  ServerRequest request{std::move(head), stream.peer_address(), &content, {}};
  auto answered = co_await handler_(request).result();
  ServerResponse response;
  if (answered.ok()) {
    response = std::move(*answered);
  } else if (answered.error().is(Code::cancelled)) {
    co_return std::move(answered).error();
  } else {
    response = ServerResponse::problem(answered.error());
  }
  if (response.upgraded) {
    append_head(out, response, true);
    co_await stream.write(out.append("\r\n").take());
    co_return Next{true, std::move(response.upgraded)};
  }
  bool keep_alive = request.head.keep_alive && reader.body_done();
  bool with_body = request.head.method != "HEAD" && may_have_content(response.status);
  append_head(out, response, keep_alive);
  co_await write_message(stream, out, std::move(response.body), with_body);
  if (!reader.body_done()) {
    std::ignore = co_await with_timeout(clock_, linger, read_away(stream)).result();
  }
  co_return Next{keep_alive, {}};
}

}  // namespace berth::http
