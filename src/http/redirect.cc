#include "http/redirect.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::http {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool becomes_get(const std::string& method, int status) {
  if (status == 303) return method != "HEAD" && method != "GET";
  return (status == 301 || status == 302) && method == "POST";
}

bool tells_of_content(std::string_view name) {
  return equal_ignoring_case(name.substr(0, 8), "content-");
}

bool is_credential(std::string_view name) {
  return equal_ignoring_case(name, "authorization") || equal_ignoring_case(name, "cookie") ||
         equal_ignoring_case(name, "proxy-authorization");
}

}  // namespace

Result<bool> follow_redirect(Ask& ask, int status, std::string_view location) {
  if (!is_redirect(status) || location.empty()) return false;
  auto url = join_url(ask.url, location);
  if (!url.ok())
    return std::move(url).error().during("following a redirect from " + ask.url.text());
  if (becomes_get(ask.method, status)) {
    ask.method = "GET";
    ask.content = Content();
    std::erase_if(ask.headers, [](auto& each) { return tells_of_content(each.first); });
  } else if (!ask.content.repeatable()) {
    return Error(Code::conflict, ask.method + " " + ask.url.text() + " was redirected to " +
                                     url->text() +
                                     ", but its content is a stream, which can be sent only once");
  }
  if (url->origin() != ask.url.origin()) {
    ask.authorization.clear();
    std::erase_if(ask.headers, [](auto& each) { return is_credential(each.first); });
  }
  ask.url = std::move(*url);
  return true;
}

}  // namespace berth::http
