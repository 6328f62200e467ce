#include "console/proxy_routes.h"

#include <memory>
#include <utility>

#include "async/clock.h"
#include "http/client.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;

constexpr Duration proxy_answer_timeout = 5s;

/// Asks the proxy; lives as long as the router.
class ProxyAsker {
 public:
  ProxyAsker(World& world, std::string socket)
      : clock_(world.clock),
        client_(world.clock, world.network),
        at_(Address::unix_path(std::move(socket))) {}

  Deferred<ServerResponse> ask(std::string method, std::string target);

 private:
  Clock& clock_;
  http::Client client_;
  Address at_;
};

Deferred<ServerResponse> ProxyAsker::ask(std::string method, std::string target) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.host = "proxy";
  auto asking = client_.send(at_, std::move(request), proxy_answer_timeout);
  auto answer = co_await std::move(asking).result();
  if (!answer.ok()) {
    Error error = std::move(answer).error();
    if (error.is(Code::cancelled)) co_return error;
    co_return Error(Code::unavailable,
                    "the proxy does not answer now (" + error.text() + "); try again");
  }
  auto reading = with_timeout(clock_, proxy_answer_timeout, answer->text(proxy_answer_bytes_max));
  std::string text = co_await std::move(reading);
  ServerResponse response;
  response.status = answer->status();
  response.headers.set("content-type", std::string(answer->headers().value("content-type")));
  response.headers.set("cache-control", "no-store");
  response.body = http::Body(std::move(text));
  co_return std::move(response);
}

}  // namespace

void add_proxy_routes(http::Router& router, World& world, std::string socket) {
  auto asker = std::make_shared<ProxyAsker>(world, std::move(socket));
  auto add = [&](const char* method, const char* at, std::string to) {
    router.add(method, at, [asker, method, to = std::move(to)](ServerRequest& request) {
      std::string target = to;
      if (!request.head.query().empty()) target += "?" + std::string(request.head.query());
      return asker->ask(method, std::move(target));
    });
  };
  add("GET", "/v1/proxy", "/v1/stats");
  add("GET", "/v1/proxy/sessions", "/v1/sessions");
  add("GET", "/v1/proxy/slow", "/v1/slow");
  add("POST", "/v1/proxy/purge", "/v1/cache/purge");
}

}  // namespace berth::console
