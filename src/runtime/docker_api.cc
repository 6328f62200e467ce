#include "runtime/docker_api.h"

#include <algorithm>

#include "base/strings.h"
#include "http/url.h"

namespace berth::runtime {
namespace {

constexpr int major_version = 1;
constexpr int minor_version = 41;
constexpr std::size_t answer_bytes_max = 16 << 20;

/// The minor one of "1.41"; -1 if it is none.
int minor_of(std::string_view version) {
  auto parts = split_once(version, '.');
  if (!parts || parts->first != std::to_string(major_version)) return -1;
  return parse_integer<int>(parts->second, 0, 10'000).value_or(-1);
}

Code code_of(int status) {
  switch (status) {
    case 400:
      return Code::invalid;
    case 401:
    case 403:
      return Code::denied;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    default:
      return Code::io;
  }
}

Error engine_error(int status, std::string_view text) {
  auto json = Json::parse(text);
  std::string_view told = json.ok() ? (*json)["message"].string_or("") : "";
  return Error(code_of(status), "Docker: " + (told.empty() ? "it answered " + std::to_string(status)
                                                           : std::string(trim(told))));
}

}  // namespace

std::string docker_query(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out;
  for (auto& [name, value] : parameters) {
    out += (out.empty() ? "?" : "&") + name + "=" + http::percent_encode(value);
  }
  return out;
}

Deferred<std::optional<Json>> DockerJsonStream::next() {
  for (;;) {
    std::size_t end = received_.find('\n');
    if (end == std::string::npos && ended_) end = received_.size();
    if (end != std::string::npos) {
      std::string line(trim(std::string_view(received_).substr(0, end)));
      received_.erase(0, end + 1);
      if (line.empty() && ended_ && received_.empty()) co_return std::optional<Json>();
      if (line.empty()) continue;
      co_return std::optional<Json>(co_await or_return(Json::parse(line)));
    }
    Bytes part = co_await response_.read();
    ended_ = part.empty();
    received_ += part.view();
    if (received_.size() > line_bytes_max) {
      co_return Error(Code::overloaded, "Docker answers a line without end");
    }
  }
}

DockerApi::DockerApi(World& world, std::string socket_path)
    : world_(world),
      address_(Address::unix_path(std::move(socket_path))),
      // No connection is kept: one that an Engine closed meanwhile would fail the next request.
      client_(world.clock, world.network, {.idle_per_address_max = 0}) {}

Error DockerApi::explain(Error error) const {
  switch (error.code()) {
    case Code::refused:
    case Code::unavailable:
    case Code::not_found:
      return Error(Code::unavailable,
                   "Docker does not answer at " + address_.path() +
                       ": start it (systemctl start docker) or install it (apt-get install "
                       "docker.io)");
    case Code::denied:
      return Error(Code::denied, "this user may not open " + address_.path() +
                                     ": add it to the group docker, or start Berth as root");
    case Code::timed_out:
      return Error(Code::timed_out, "Docker does not answer in time at " + address_.path());
    default:
      return error;
  }
}

Deferred<void> DockerApi::negotiate() {
  if (!version_.empty()) co_return;
  auto answer = co_await client_.get(address_, "/version", answer_timeout).result();
  if (!answer.ok()) co_await fail_with(explain(answer.error()));
  std::string text = co_await answer->text(answer_bytes_max);
  if (!answer->good()) co_await fail_with(engine_error(answer->status(), text));
  Json json = co_await or_return(Json::parse(text));
  int most = minor_of(json["ApiVersion"].string_or(""));
  int least = minor_of(json["MinAPIVersion"].string_or(""));
  if (most < 0) {
    co_await fail_with(Error(Code::unsupported, "what answers at " + address_.path() +
                                                    " is no Docker Engine of API version 1"));
  }
  int minor = std::max(std::min(minor_version, most), least);
  version_ = "/v" + std::to_string(major_version) + "." + std::to_string(minor);
}

Deferred<http::Response> DockerApi::open(std::string method, std::string target, http::Body body,
                                         std::string content_type, Duration timeout) {
  co_await negotiate();
  http::Request request;
  request.method = std::move(method);
  request.target = version_ + target;
  request.host = "docker";
  if (!content_type.empty()) request.headers.emplace_back("content-type", std::move(content_type));
  request.body = std::move(body);
  auto answer = co_await client_.send(address_, std::move(request), timeout).result();
  if (!answer.ok()) co_return explain(std::move(answer).error());
  if (answer->status() < 400) co_return std::move(*answer);
  std::string text = co_await answer->text(answer_bytes_max);
  co_return engine_error(answer->status(), text);
}

Deferred<Json> DockerApi::call(std::string method, std::string target, Json body,
                               Duration timeout) {
  http::Body content = body.is_null() ? http::Body() : http::Body(body.text());
  auto answer = co_await open(std::move(method), std::move(target), std::move(content),
                              body.is_null() ? "" : "application/json", timeout);
  if (answer.status() == 304 || answer.status() == 204) co_return Json();
  auto text = co_await with_timeout(world_.clock, timeout, answer.text(answer_bytes_max)).result();
  if (!text.ok()) co_return explain(std::move(text).error());
  if (trim(*text).empty()) co_return Json();
  co_return co_await or_return(Json::parse(*text));
}

}  // namespace berth::runtime
