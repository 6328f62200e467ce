// Calls a method of gRPC with messages of bytes as they are, and prints what comes back:
// grpc_client http://127.0.0.1:8000/echo.Echo/Say TIMEOUT_MS MESSAGE...

#include <fmt/format.h>

#include "base/strings.h"
#include "grpc_messages.h"
#include "http/session.h"
#include "os/react.h"

using namespace berth;

/// The messages one by one, and then the end.
struct Asking final : http::BodySource {
  explicit Asking(std::vector<std::string> messages) : messages(std::move(messages)) {}
  Deferred<Bytes> read() override {
    return ready(next < messages.size() ? grpc::framed(messages[next++]) : Bytes());
  }
  std::vector<std::string> messages;
  std::size_t next = 0;
};

Deferred<void> run(World& world, std::vector<std::string> words) {
  http::SessionOptions options;
  options.client.version = http::Version::http_2;
  options.decode = false;
  http::Session session(world, options);
  http::RequestOptions call;
  call.headers = {{"te", "trailers"}, {"grpc-timeout", words[1] + "m"}};
  std::vector<std::string> messages(words.begin() + 2, words.end());
  call.content =
      http::Content::stream(std::make_unique<Asking>(std::move(messages)), "application/grpc");
  http::Response response = co_await session.post(words[0], std::move(call));
  grpc::Messages<http::Response> answers(response);
  while (auto message = co_await answers.next()) fmt::print("{}\n", *message);
  // Of the trailers; where nothing comes but them, they are the head.
  for (auto& [name, value] : response.headers()) {
    if (name.starts_with("grpc-")) fmt::print("{}: {}\n", name, value);
  }
  for (auto& [name, value] : response.trailers()) fmt::print("{}: {}\n", name, value);
}

int main(int count, char** words) {
  if (count < 3) return fmt::print(stderr, "usage: grpc_client URL TIMEOUT_MS MESSAGE...\n"), 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
