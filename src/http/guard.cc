#include <memory>
#include <utility>

#include "base/base64.h"
#include "base/strings.h"
#include "http/authorization.h"
#include "http/middleware.h"

namespace berth::http {
namespace {

Handler guarded(Handler handler, std::string challenge,
                std::move_only_function<bool(const ServerRequest&) const> check) {
  struct Guard {
    Handler handler;
    std::string challenge;
    std::move_only_function<bool(const ServerRequest&) const> check;
  };
  auto guard =
      std::make_shared<const Guard>(std::move(handler), std::move(challenge), std::move(check));
  return [guard](ServerRequest& request) {
    if (guard->check(request)) return guard->handler(request);
    auto refused = ServerResponse::problem(401, "this needs credentials, and none that fit came");
    refused.headers.emplace_back("www-authenticate", guard->challenge);
    return ready(std::move(refused));
  };
}

}  // namespace

Handler basic_guard(Handler handler, std::string realm, CheckPassword check) {
  std::string challenge = "Basic realm=\"" + realm + "\", charset=\"UTF-8\"";
  return guarded(std::move(handler), std::move(challenge),
                 [check = std::move(check)](const ServerRequest& request) {
                   auto both =
                       base64_decode(credentials(request.head.headers, "Basic").value_or(""));
                   if (!both.ok()) return false;
                   auto pair = split_once(*both, ':');
                   return pair && check(pair->first, pair->second);
                 });
}

Handler bearer_guard(Handler handler, std::string realm, CheckToken check) {
  return guarded(std::move(handler), "Bearer realm=\"" + realm + "\"",
                 [check = std::move(check)](const ServerRequest& request) {
                   auto token = credentials(request.head.headers, "Bearer").value_or("");
                   return !token.empty() && check(token);
                 });
}

}  // namespace berth::http
