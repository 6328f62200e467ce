#include "http/client.h"

#include "http/client_pool.h"
#include "http/dial.h"
#include "http/h1_writer.h"
#include "http/progress.h"

namespace berth::http {
namespace detail {
namespace {

constexpr std::size_t text_in_one_go_bytes_max = 64 << 10;

std::string head_of(const Request& request, const Route& route) {
  std::string head = request.method + " ";
  if (route.passage) head += route.passage->absolute;
  head.append(request.target).append(" HTTP/1.1\r\n");
  bool unix_path = route.address.family() == Address::Family::unix_path;
  append_header(head, "host",
                !request.host.empty() ? request.host
                : unix_path           ? "localhost"
                                      : route.address.text());
  if (route.passage && !route.passage->absolute.empty() && !route.passage->authorization.empty()) {
    append_header(head, "proxy-authorization", route.passage->authorization);
  }
  for (auto& [name, value] : request.headers) append_header(head, name, value);
  return head;
}

Result<void> check_request(const Request& request) {
  bool good =
      writable_value(request.host) && request.target.find_first_of(" \r\n") == std::string::npos;
  for (auto& [name, value] : request.headers) {
    good = good && writable_value(value) && writable_value(name) && name.find(':') == name.npos;
  }
  if (!good) return Error(Code::invalid, "a request with a line end in its target or headers");
  return {};
}

std::string asked(const Request& request, const Route& route) {
  if (request.host.empty()) {
    return request.method + " " + request.target + " at " + route.peer() + ": ";
  }
  bool secured = route.passage && !route.passage->secured.empty();
  return request.method + (secured ? " https://" : " http://") + request.host + request.target +
         ": ";
}

Error failed_request(const Error& error, const Request& request, const Route& route,
                     const Progress& progress) {
  if (error.is(Code::cancelled)) return error;
  return Error(error.code(), asked(request, route) + progress.told(error, route));
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

bool fits_in_one_go(const Body& body) {
  return !body.source && body.text.size() <= text_in_one_go_bytes_max;
}

Deferred<Response> exchange(std::unique_ptr<ClientConnection> connection, Clock& clock,
                            std::string head, Body body, std::string method, Duration first_byte) {
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

/// A connection that is new, or that became idle while there was no room for a new one.
Deferred<std::unique_ptr<ClientConnection>> open(ClientPool& pool, const Route& route,
                                                 Progress& progress) {
  progress.begin(Progress::Step::waiting);
  Ticket ticket = co_await pool.enter(route);
  auto connection = ticket.take_idle();
  if (connection) {
    progress.reuses();
  } else {
    progress.opens_anew();
    pool.make_room();
    auto stream = co_await dial(pool, route, progress);
    connection = std::make_unique<ClientConnection>(std::move(stream));
  }
  connection->ticket.emplace(std::move(ticket));
  co_return std::move(connection);
}

struct Sent {
  std::shared_ptr<ClientPool> pool;
  Route route;
  Request request;
  Timeouts timeouts;
};

Deferred<Response> send_on(Sent sent) {
  auto& [pool, route, request, timeouts] = sent;
  co_await or_return(check_request(request));
  Progress progress(pool->clock, timeouts);
  bool repeatable = is_idempotent(request.method) && !request.body.source;
  for (;;) {
    auto connection = pool->take(route);
    bool reused = connection != nullptr;
    if (reused) {
      progress.reuses();
    } else {
      auto opened =
          co_await progress.limited(timeouts.connect, open(*pool, route, progress)).result();
      if (!opened.ok()) co_return failed_request(opened.error(), request, route, progress);
      connection = std::move(*opened);
      reused = progress.reused();
    }
    progress.begin(Progress::Step::asking);
    // What is sent beside the answer bounds its first byte itself, from when it was sent.
    Duration limit = fits_in_one_go(request.body) ? timeouts.first_byte : Duration::zero();
    Body body;
    if (repeatable) {
      body.text = request.body.text;
    } else {
      body = std::move(request.body);
    }
    std::string head = head_of(request, route);
    Deferred<Response> exchanged = exchange(std::move(connection), pool->clock, std::move(head),
                                            std::move(body), request.method, timeouts.first_byte);
    auto answer = co_await progress.limited(limit, std::move(exchanged)).result();
    if (answer.ok()) co_return std::move(*answer);
    Code code = answer.error().code();
    bool stale = code == Code::closed || code == Code::reset || code == Code::io;
    if (reused && repeatable && stale) continue;
    co_return failed_request(answer.error(), request, route, progress);
  }
}

}  // namespace
}  // namespace detail

Client::Client(Clock& clock, Network& network, ClientOptions options)
    : pool_(std::make_shared<detail::ClientPool>(clock, network, std::move(options))) {}
Client::~Client() { pool_->close(); }

std::size_t Client::busy() const { return pool_->busy(); }
std::size_t Client::idle() const { return pool_->idle(); }

Deferred<Response> Client::send(Address address, Request request, Duration timeout) {
  if (address.family() == Address::Family::none) {
    return failed<Response>(Error(Code::invalid, request.method + " " + request.target +
                                                     ": there is no address to send it to"));
  }
  return detail::send_on({pool_,
                          detail::Route(std::move(address)),
                          std::move(request),
                          {pool_->options.connect_timeout, timeout, timeout}});
}

Deferred<Response> Client::send(const Url& url, Request request, SendOptions options) {
  auto route = detail::route_to(url, pool_->options, options.connect_to);
  if (!route.ok()) return failed<Response>(std::move(route).error());
  request.host = url.host;
  request.target = url.target;
  return detail::send_on({pool_, std::move(*route), std::move(request), options.timeouts});
}

Deferred<Response> Client::get(std::string_view url, Duration timeout) {
  auto parsed = parse_url(url);
  if (!parsed.ok()) return failed<Response>(std::move(parsed).error());
  SendOptions options;
  options.timeouts = {pool_->options.connect_timeout, timeout, timeout};
  return send(*parsed, Request(), std::move(options));
}

Deferred<Response> Client::get(Address address, std::string target, Duration timeout) {
  Request request;
  request.target = std::move(target);
  return send(std::move(address), std::move(request), timeout);
}

Deferred<Response> Client::post(Address address, std::string target, std::string content_type,
                                std::string body, Duration timeout) {
  Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.emplace_back("content-type", std::move(content_type));
  request.body = Body(std::move(body));
  return send(std::move(address), std::move(request), timeout);
}

}  // namespace berth::http
