#include "observe/outputs/http_peer.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/clock.h"
#include "base/strings.h"
#include "http/cookie.h"
#include "tls/handshake.h"

namespace berth::observe {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;
constexpr Duration asked_wait_max = 1h;

http::ClientOptions client_options(World& world, tls::ClientContext context) {
  http::ClientOptions out;
  out.resolver = world.resolver;
  out.secure = tls::secure_with(std::move(context), world.clock);
  out.connections_per_address_max = 2;
  return out;
}

bool may_pass(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

Duration retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  if (value.empty()) return {};
  auto seconds = parse_integer<std::int64_t>(value, 0, 1'000'000'000);
  Duration wait{};
  if (seconds.ok()) {
    wait = std::min<Duration>(std::chrono::seconds(*seconds), asked_wait_max);
  } else if (auto date = http::parse_cookie_date(value); date && *date > now) {
    wait = *date - now;
  }
  return std::clamp<Duration>(wait, Duration(0), asked_wait_max);
}

HttpPeer::HttpPeer(World& world, tls::ClientContext context, HttpPlace place)
    : world_(world),
      place_(std::move(place)),
      client_(world.clock, world.network, client_options(world, std::move(context))) {}

Deferred<Attempt> HttpPeer::post(std::string body, std::string_view type, std::size_t count,
                                 std::string path,
                                 std::vector<std::pair<std::string, std::string>> headers) {
  http::Url url = place_.url;
  if (!path.empty()) {
    if (url.target.ends_with('/')) url.target.pop_back();
    url.target += path;
  }
  http::Request request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.headers.emplace_back("content-type", type);
  request.headers.emplace_back("user-agent", "Berth");
  for (auto& header : place_.headers) request.headers.push_back(header);
  request.body = http::Body(std::move(body));
  http::SendOptions options;
  auto answer = co_await client_.send(url, std::move(request), options).result();
  if (!answer.ok()) {
    if (answer.error().is(Code::cancelled)) co_await fail_with(std::move(answer).error());
    co_return Attempt::again(count, answer.error().text());
  }
  int status = answer->status();
  auto text = co_await answer->text(answer_bytes_max).result();
  if (answer->good()) co_return Attempt::taken(count);
  std::string reason = fmt::format("{} {}", status, http::reason_of(status));
  if (text.ok() && !trim(*text).empty()) {
    reason += ": " + std::string(trim(*text).substr(0, reason_bytes_max));
  }
  if (!may_pass(status)) co_return Attempt::refused(count, std::move(reason));
  Duration wait = retry_after(answer->headers().value("retry-after"), world_.clock.wall());
  co_return Attempt::again(count, std::move(reason), wait);
}

}  // namespace berth::observe
