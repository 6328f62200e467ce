#include "http/route.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::http::detail {
namespace {

/// True if `name` is `suffix` or below it.
bool is_below(std::string_view name, std::string_view suffix) {
  if (name.size() == suffix.size()) return equal_ignoring_case(name, suffix);
  return name.size() > suffix.size() && name[name.size() - suffix.size() - 1] == '.' &&
         equal_ignoring_case(name.substr(name.size() - suffix.size()), suffix);
}

bool goes_by(const Proxy& proxy, const Url& url) {
  return !std::ranges::any_of(proxy.without,
                              [&](const std::string& host) { return is_below(url.name, host); });
}

std::string with_port(const Url& url) {
  bool bracketed = url.name.find(':') != url.name.npos;
  return (bracketed ? "[" + url.name + "]:" : url.name + ":") + std::to_string(url.port);
}

Address proxied(const Proxy& proxy, const Url& url, Passage& passage) {
  passage.way = url.secure ? "proxy to " + url.origin() : "proxy";
  passage.name = proxy.url.name;
  passage.port = proxy.url.port;
  passage.authorization = proxy.authorization;
  if (url.secure) {
    passage.tunnel = with_port(url);
  } else {
    passage.absolute = "http://" + url.host;
  }
  return proxy.url.address;
}

}  // namespace

std::string Route::peer() const {
  if (address.family() != Address::Family::none) return address.text();
  return passage->name + ":" + std::to_string(passage->port);
}

Result<Route> route_to(const Url& url, const ClientOptions& options, const SendOptions& send) {
  const Address& connect_to = send.connect_to;
  Version version = send.version.value_or(options.version);
  if (version == Version::negotiated && !url.secure) version = Version::http_1_1;
  if (url.secure && !options.secure) {
    return Error(Code::unsupported, url.text() + " asks for TLS, which this client was not given");
  }
  bool elsewhere = connect_to.family() != Address::Family::none;
  bool by_proxy = !elsewhere && options.proxy && goes_by(*options.proxy, url);
  if (by_proxy && options.proxy->url.secure) {
    return Error(Code::unsupported, "a proxy that is itself reached by https");
  }
  if (by_proxy && !url.secure && version == Version::http_2) {
    return Error(Code::unsupported, url.text() + " by HTTP/2 through a proxy");
  }
  if (!url.secure && !by_proxy && !elsewhere && url.address.family() != Address::Family::none) {
    return Route(url.address, nullptr, version);
  }
  Passage passage;
  Address address = elsewhere ? connect_to : url.address;
  if (by_proxy) {
    address = proxied(*options.proxy, url, passage);
  } else {
    if (url.secure || address.family() == Address::Family::none) passage.way = url.origin();
    passage.name = url.name;
    passage.port = url.port;
  }
  if (url.secure) passage.secured = url.name;
  if (address.family() == Address::Family::none && !options.resolver) {
    return Error(Code::unsupported,
                 "the name " + passage.name +
                     " cannot be resolved, since this client was given no resolver; only IP "
                     "addresses and localhost are known without one");
  }
  std::shared_ptr<const Passage> kept;
  if (!passage.way.empty()) kept = std::make_shared<const Passage>(std::move(passage));
  return Route(std::move(address), std::move(kept), version);
}

}  // namespace berth::http::detail
