// Answers gRPC by HTTP/2, with messages of bytes as they are:  grpc_server tcp:8000
//   /echo.Echo/Say    one message, which comes back; "fail" gets the status NOT_FOUND and nothing
//   else /echo.Echo/Count  one message with a number: as many messages /echo.Echo/Chat   each
//   message comes back as it comes /echo.Echo/Slow   no answer before the deadline that its
//   grpc-timeout sets

#include <fmt/format.h>

#include "async/scope.h"
#include "async/shield.h"
#include "base/endpoint.h"
#include "base/strings.h"
#include "grpc_messages.h"
#include "http/server.h"
#include "os/react.h"

using namespace berth;
using grpc::Messages;
using Out = grpc::Sending::Out;

http::ServerResponse answer(http::Body body) {
  return {200, {{"content-type", "application/grpc"}}, std::move(body)};
}

/// Trailers only: a head that is the end too.
http::ServerResponse failed_with(int status, std::string_view why) {
  auto response = answer({});
  response.headers.emplace_back("grpc-status", std::to_string(status));
  response.headers.emplace_back("grpc-message", std::string(why));
  return response;
}

http::ServerResponse answer_of(std::shared_ptr<Out> out) {
  return answer(http::Body(std::make_unique<grpc::Sending>(std::move(out))));
}

/// "100m", "2S": digits and a unit.
Duration timeout_of(std::string_view text) {
  if (text.empty()) return 24h;
  auto number = parse_integer<std::int64_t>(text.substr(0, text.size() - 1)).value_or(0);
  switch (text.back()) {
    case 'S':
      return std::chrono::seconds(number);
    case 'm':
      return std::chrono::milliseconds(number);
    case 'u':
      return std::chrono::microseconds(number);
    default:
      return std::chrono::nanoseconds(number);
  }
}

Deferred<void> count(std::shared_ptr<Out> out, int messages) {
  for (int i = 1; i <= messages; ++i) co_await out->queue.push(grpc::framed(std::to_string(i)));
  out->trailers = {{"grpc-status", "0"}};
  co_await out->queue.push(Bytes());
}

/// Sends each message back as it is asked for the next part of the answer.
struct Chat final : http::BodySource {
  explicit Chat(http::BodySource& content) : messages(content) {}
  Deferred<Bytes> read() override {
    auto message = co_await messages.next();
    co_return message ? grpc::framed(*message) : Bytes();
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return {{"grpc-status", "0"}};
  }
  Messages<http::BodySource> messages;
};

Deferred<http::ServerResponse> respond(Clock& clock, Scope& scope, http::ServerRequest& request) {
  std::string_view path = request.head.path();
  if (path == "/echo.Echo/Chat") {
    co_return answer(http::Body(std::make_unique<Chat>(*request.content)));
  }
  if (path == "/echo.Echo/Slow") {
    co_await clock.after(timeout_of(request.head.headers.value("grpc-timeout")));
    co_return failed_with(4, "too late");
  }
  Messages<http::BodySource> messages(*request.content);
  auto message = co_await messages.next();
  auto out = std::make_shared<Out>();
  if (!message || *message == "fail") co_return failed_with(5, "there is no such thing");
  if (path == "/echo.Echo/Say") {
    out->queue.try_push(grpc::framed(*message));
    out->trailers = {{"grpc-status", "0"}, {"echo-bytes", std::to_string(message->size())}};
    out->queue.try_push(Bytes());
  } else if (path == "/echo.Echo/Count") {
    scope.add(count(out, parse_integer<int>(*message).value_or(0)));
  } else {
    co_return failed_with(12, "there is no such method");
  }
  co_return answer_of(std::move(out));
}

Deferred<void> run(World& world, std::string text) {
  Endpoint endpoint = co_await or_return(server_endpoint(text));
  auto listener = co_await or_return(world.network.listen(endpoint.address));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  Scope scope;
  http::Server server(world.clock,
                      [&](auto& request) { return respond(world.clock, scope, request); });
  server.serve(std::move(listener));
  std::ignore = co_await world.clock.after(24h * 365).result();
  co_await shielded(server.close());
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: grpc_server ENDPOINT\n"), 2;
  return os::react([&](World& world) { return run(world, words[1]); });
}
