#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace berth::console {

/// Who may ask (docs/formats/api.md, "Who may ask"): checks Host, Origin and token of a request,
/// and turns the token in `GET /?token=` into a cookie. Host stops DNS rebinding, Origin and
/// SameSite stop other sites from having a browser deploy for them. A plain value that holds the
/// token; never writes it anywhere.
class Access {
 public:
  /// `port` is the one listened on.
  Access(std::string token, std::uint16_t port);

  /// The answer that refuses the request, or nothing: it may go on.
  std::optional<http::ServerResponse> refuse(const http::RequestHead& head) const;
  /// The answer to `GET /?token=…`: sets the cookie and leads to "/", or 401 as a page in words.
  /// Nothing if there is no token in the address.
  std::optional<http::ServerResponse> enter(const http::RequestHead& head) const;

 private:
  bool known_host(std::string_view host) const;
  bool is_token(std::string_view given) const;
  std::string_view cookie(const http::RequestHead& head) const;

  std::string token_;
  std::string port_;
  std::string cookie_name_;
};

/// The headers of everything that a browser shows as a page.
void add_page_headers(http::ServerResponse& response);

}  // namespace berth::console
