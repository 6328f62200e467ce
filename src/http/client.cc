#include "http/client.h"

#include "http/acquire.h"
#include "http/client_pool.h"
#include "http/h1_exchange.h"
#include "http/h1_writer.h"
#include "http/h2_exchange.h"
#include "http/progress.h"

namespace berth::http {
namespace detail {
namespace {

/// How often a request is sent again that the server has not begun with.
constexpr int refusals_max = 3;

Result<void> check_request(const Request& request) {
  bool good = writable_value(request.host) && writable_value(request.upgrade) &&
              request.target.find_first_of(" \r\n") == std::string::npos;
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
  return request.method + (route.secured() ? " https://" : " http://") + request.host +
         request.target + ": ";
}

Error failed_request(const Error& error, const Request& request, const Route& route,
                     const Progress& progress) {
  if (error.is(Code::cancelled)) return error;
  return Error(error.code(), asked(request, route) + progress.told(error, route));
}

struct Sent {
  std::shared_ptr<ClientPool> pool;
  Route route;
  Request request;
  Timeouts timeouts;
};

/// Whether it may be sent again after `error`.
bool may_repeat(const Error& error, const Request& request, bool reused, int& refusals) {
  switch (error.code()) {
    case Code::unavailable:
      // It was not sent, as the connection ended before; another one may have opened that.
      if (reused) return true;
      [[fallthrough]];
    case Code::refused:
      return ++refusals <= refusals_max;
    case Code::closed:
    case Code::reset:
    case Code::io:
      // It was kept, and may have ended before the request came.
      return reused && is_idempotent(request.method);
    default:
      return false;
  }
}

Deferred<Response> send_on(Sent sent) {
  auto& [pool, route, request, timeouts] = sent;
  co_await or_return(check_request(request));
  Progress progress(pool->clock, timeouts);
  Asking asking{pool->clock, request, route, progress, timeouts.connect, timeouts.first_byte};
  bool at_hand = !request.body.source;
  for (int refusals = 0;;) {
    Carrier carrier = pool->take(route);
    if (carrier) {
      progress.reuses();
    } else {
      auto acquired =
          co_await progress.limited(timeouts.connect, acquire(*pool, route, progress)).result();
      if (!acquired.ok()) co_return failed_request(acquired.error(), request, route, progress);
      carrier = std::move(*acquired);
    }
    progress.begin(Progress::Step::asking);
    Body body;
    if (at_hand) {
      body.text = request.body.text;
    } else {
      body = std::move(request.body);
    }
    Deferred<Response> answering =
        carrier.alone ? ask_by_h1(std::move(carrier.alone), asking, std::move(body))
                      : ask_by_h2(std::move(carrier.stream), asking, std::move(body),
                                  pool->options.waiting_max);
    auto answer = co_await std::move(answering).result();
    if (answer.ok()) co_return std::move(*answer);
    if (at_hand && may_repeat(answer.error(), request, progress.reused(), refusals)) continue;
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
  bool h2 = pool_->options.version == Version::http_2;
  detail::Route route(std::move(address), nullptr, h2 ? Version::http_2 : Version::http_1_1);
  return detail::send_on({pool_,
                          std::move(route),
                          std::move(request),
                          {pool_->options.connect_timeout, timeout, timeout}});
}

Deferred<Response> Client::send(const Url& url, Request request, SendOptions options) {
  auto route = detail::route_to(url, pool_->options, options);
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
