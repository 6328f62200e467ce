#include "app/api_client.h"

namespace berth::app {
namespace {

Code code_of(int status) {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return Code::invalid;
    case 401:
    case 403:
      return Code::denied;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    case 503:
      return Code::overloaded;
    default:
      return Code::internal;
  }
}

}  // namespace

ApiClient::ApiClient(Clock& clock, Network& network, ApiPlace place)
    : clock_(clock), place_(std::move(place)), client_(clock, network) {}

Error ApiClient::refusal(const ApiAnswer& answer) {
  auto detail = answer.json["detail"].string_or("");
  if (answer.status == 401) {
    // Its port is another's now: this folder's berth dev ended without removing the file.
    return {Code::unavailable,
            "what answers there is not this folder's berth dev; start it with: berth dev"};
  }
  return {code_of(answer.status), detail.empty()
                                      ? "berth dev answered " + std::to_string(answer.status)
                                      : std::string(detail)};
}

Deferred<http::Response> ApiClient::send(std::string method, std::string target, std::string body,
                                         std::string type, Duration limit) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.emplace_back("authorization", "Bearer " + place_.token);
  if (request.method != "GET") request.headers.emplace_back("content-type", std::move(type));
  request.body = http::Body(std::move(body));
  auto response = co_await client_.send(place_.address, std::move(request), limit).result();
  if (!response.ok() && response.error().is(Code::refused)) co_return no_dev_runs();
  co_return std::move(response);
}

Deferred<ApiAnswer> whole_answer(http::Response response) {
  ApiAnswer answer{response.status(), Json()};
  std::string text = co_await response.text();
  auto json = Json::parse(text);
  if (json.ok()) answer.json = std::move(*json);
  co_return std::move(answer);
}

Deferred<ApiAnswer> ApiClient::ask(std::string method, std::string target, std::string body,
                                   std::string type) {
  auto response = co_await send(std::move(method), std::move(target), std::move(body),
                                std::move(type), answer_timeout);
  co_return co_await with_timeout(clock_, answer_timeout, whole_answer(std::move(response)));
}

Deferred<Json> ApiClient::get(std::string target) {
  ApiAnswer answer = co_await ask("GET", std::move(target));
  if (!answer.good()) co_return refusal(answer);
  co_return std::move(answer.json);
}

Deferred<Json> ApiClient::post(std::string target, std::string body, std::string type) {
  ApiAnswer answer = co_await ask("POST", std::move(target), std::move(body), std::move(type));
  if (!answer.good()) co_return refusal(answer);
  co_return std::move(answer.json);
}

Deferred<http::Response> ApiClient::stream(std::string method, std::string target,
                                           std::string body) {
  auto response = co_await send(std::move(method), std::move(target), std::move(body),
                                "application/json", 30min);
  co_return std::move(response);
}

Deferred<EventStream> ApiClient::events(std::string target) {
  auto response = co_await send("GET", std::move(target), "", "", answer_timeout);
  if (!response.good()) co_return refusal(co_await whole_answer(std::move(response)));
  co_return EventStream(std::move(response));
}

}  // namespace berth::app
