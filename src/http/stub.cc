#include "http/stub.h"

#include "base/strings.h"

namespace berth::http {
namespace {

constexpr std::size_t content_bytes_max = 64 << 20;

class StubBody final : public ResponseBody {
 public:
  explicit StubBody(Body body) : body_(std::move(body)) {}
  Deferred<Bytes> read() override {
    if (body_.source) return body_.source->read();
    return ready(std::exchange(body_.text, Bytes()));
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    if (!body_.source) return {};
    return body_.source->trailers();
  }

 private:
  Body body_;
};

using Answer = std::function<Deferred<ServerResponse>(StubRequest)>;

Deferred<Response> ask(Answer answer, StubRequest request, Body body) {
  bool head = request.method == "HEAD";
  request.content = body.text.text();
  if (body.source) request.content = co_await read_all(*body.source, content_bytes_max);
  ServerResponse answered = co_await answer(std::move(request));
  ResponseHead made;
  made.status = answered.status;
  made.reason = reason_of(answered.status);
  for (auto& [name, value] : answered.headers) {
    made.headers.add(std::string(name.view()), std::string(value.view()));
  }
  Body content;
  if (!head) content = std::move(answered.body);
  co_return Response(std::move(made), std::make_unique<StubBody>(std::move(content)));
}

}  // namespace

std::string_view StubRequest::header(std::string_view name) const {
  for (auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

Transport stub(Answer answer) {
  return
      [answer = std::move(answer)](Url url, Request request, [[maybe_unused]] SendOptions options) {
        StubRequest seen{std::move(request.method), std::move(url), std::move(request.headers), ""};
        return ask(answer, std::move(seen), std::move(request.body));
      };
}

}  // namespace berth::http
