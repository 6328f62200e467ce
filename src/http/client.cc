#include "http/client.h"

#include <map>

#include "http/h1_writer.h"
#include "http/url.h"

namespace berth::http {
namespace detail {

struct ClientConnection {
  ClientConnection(std::unique_ptr<ByteStream> opened, Address to)
      : stream(std::move(opened)), reader(*stream), address(std::move(to)) {}
  std::unique_ptr<ByteStream> stream;
  H1Reader reader;
  Address address;
  std::shared_ptr<ClientPool> pool;  // set while it answers
  bool used = false;
  MonotonicTime idle_since{};
};

class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  ClientPool(Clock& clock, Network& network, ClientOptions options)
      : clock(clock), network(network), options(options) {}

  std::unique_ptr<ClientConnection> take(const Address& address) {
    auto found = idle_.find(address);
    if (found == idle_.end()) return nullptr;
    while (!found->second.empty()) {
      auto connection = std::move(found->second.back());
      found->second.pop_back();
      if (clock.now() - connection->idle_since > options.idle_timeout) {
        found->second.clear();
      } else if (!connection->stream->broken()) {
        return connection;
      }
    }
    return nullptr;
  }
  void give(std::unique_ptr<ClientConnection> connection) {
    auto& idle = idle_[connection->address];
    if (idle.size() >= options.idle_per_address_max) return;
    connection->pool.reset();
    connection->used = true;
    connection->idle_since = clock.now();
    idle.push_back(std::move(connection));
  }

  Clock& clock;
  Network& network;
  ClientOptions options;

 private:
  std::map<Address, std::vector<std::unique_ptr<ClientConnection>>> idle_;
};

namespace {

std::string head_of(const Request& request, const Address& address) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  bool unix_path = address.family() == Address::Family::unix_path;
  append_header(head, "host",
                !request.host.empty() ? request.host
                : unix_path           ? "localhost"
                                      : address.text());
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

std::string told(const Request& request, const Address& address) {
  return request.method + " " + request.target + " at " + address.text();
}

Deferred<Response> exchange(std::unique_ptr<ClientConnection> connection, std::string head,
                            Body body, std::string method) {
  bool bare = !body.source && body.text.empty() &&
              (method == "GET" || method == "HEAD" || method == "DELETE");
  if (bare) {
    head += "\r\n";
    co_await connection->stream->write(Bytes::copy(head));
  } else {
    co_await write_message(*connection->stream, std::move(head), std::move(body));
  }
  ResponseHead answer = co_await connection->reader.response(method);
  while (answer.status >= 100 && answer.status < 200 && answer.status != 101) {
    answer = co_await connection->reader.response(method);
  }
  co_return Response(std::move(connection), std::move(answer));
}

Deferred<Response> send_on(std::shared_ptr<ClientPool> pool, Address address, Request request) {
  co_await or_return(check_request(request));
  std::string what = told(request, address);
  bool repeatable = is_idempotent(request.method) && !request.body.source;
  for (;;) {
    auto connection = pool->take(address);
    bool reused = connection != nullptr;
    if (!reused) {
      auto stream = co_await with_timeout(pool->clock, pool->options.connect_timeout,
                                          pool->network.connect(address))
                        .result();
      if (!stream.ok()) co_return std::move(stream).error().during(what + " (connecting)");
      connection = std::make_unique<ClientConnection>(std::move(*stream), address);
    }
    connection->pool = pool;
    Body body;
    if (repeatable) {
      body.text = request.body.text;
    } else {
      body = std::move(request.body);
    }
    auto answer = co_await exchange(std::move(connection), head_of(request, address),
                                    std::move(body), request.method)
                      .result();
    if (answer.ok()) co_return std::move(*answer);
    if (reused && repeatable && !answer.error().is(Code::cancelled) &&
        !answer.error().is(Code::invalid)) {
      continue;
    }
    co_return std::move(answer).error().during(what + " (connected, no answer yet)");
  }
}

}  // namespace
}  // namespace detail

Response::Response(std::unique_ptr<detail::ClientConnection> connection, ResponseHead head)
    : connection_(std::move(connection)), head_(std::move(head)) {}
Response::Response(Response&&) noexcept = default;
Response& Response::operator=(Response&&) noexcept = default;

Response::~Response() {
  if (!connection_ || !connection_->reader.body_done() || !head_.keep_alive) return;
  if (head_.status == 101 || connection_->reader.buffered()) return;
  auto pool = connection_->pool;
  if (pool) pool->give(std::move(connection_));
}

Deferred<Bytes> Response::read() { return connection_->reader.body(); }

Deferred<std::string> Response::text(std::size_t bytes_max) {
  std::string all;
  for (;;) {
    Bytes part = co_await connection_->reader.body();
    if (part.empty()) co_return all;
    if (all.size() + part.size() > bytes_max) {
      co_return Error(Code::overloaded,
                      "the answer is longer than " + std::to_string(bytes_max) + " bytes");
    }
    all += part.view();
  }
}

std::pair<std::unique_ptr<ByteStream>, Bytes> Response::take_stream() {
  Bytes early = connection_->reader.take_buffered();
  return {std::move(connection_->stream), std::move(early)};
}

Client::Client(Clock& clock, Network& network, ClientOptions options)
    : pool_(std::make_shared<detail::ClientPool>(clock, network, options)) {}
Client::~Client() = default;

Deferred<Response> Client::send(Address address, Request request, Duration timeout) {
  return with_timeout(pool_->clock, timeout,
                      detail::send_on(pool_, std::move(address), std::move(request)));
}

Deferred<Response> Client::get(std::string_view url, Duration timeout) {
  auto parsed = parse_url(url);
  if (!parsed.ok()) return failed<Response>(std::move(parsed).error());
  Request request;
  request.host = std::move(parsed->host);
  request.target = std::move(parsed->target);
  return send(std::move(parsed->address), std::move(request), timeout);
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
