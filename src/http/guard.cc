#include <memory>
#include <utility>

#include "base/base64.h"
#include "base/strings.h"
#include "http/middleware.h"

namespace berth::http {
namespace {

/// What stands behind `scheme` in Authorization (RFC 9110 section 11.6.2); empty for others.
std::string_view credentials(const ServerRequest& request, std::string_view scheme) {
  std::string_view field = request.head.headers.value("authorization");
  bool right = field.size() > scheme.size() && field[scheme.size()] == ' ' &&
               equal_ignoring_case(field.substr(0, scheme.size()), scheme);
  return right ? trim(field.substr(scheme.size())) : std::string_view();
}

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

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char different = a.size() != b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    char other = b.empty() ? '\0' : b[i % b.size()];
    different |= static_cast<unsigned char>(a[i] ^ other);
  }
  return different == 0;
}

Handler basic_guard(Handler handler, std::string realm, CheckPassword check) {
  std::string challenge = "Basic realm=\"" + realm + "\", charset=\"UTF-8\"";
  return guarded(std::move(handler), std::move(challenge),
                 [check = std::move(check)](const ServerRequest& request) {
                   auto both = base64_decode(credentials(request, "Basic"));
                   if (!both.ok()) return false;
                   auto pair = split_once(*both, ':');
                   return pair && check(pair->first, pair->second);
                 });
}

Handler bearer_guard(Handler handler, std::string realm, CheckToken check) {
  return guarded(std::move(handler), "Bearer realm=\"" + realm + "\"",
                 [check = std::move(check)](const ServerRequest& request) {
                   auto token = credentials(request, "Bearer");
                   return !token.empty() && check(token);
                 });
}

}  // namespace berth::http
