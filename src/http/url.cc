#include "http/url.h"

#include <algorithm>

#include "base/endpoint.h"
#include "base/strings.h"

namespace berth::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_url(Code code, std::string_view text, std::string_view why) {
  return Error(code, "the URL '" + std::string(text) + "' " + std::string(why));
}

bool may_stand_in_url(unsigned char c) { return c > ' ' && c < 0x7f; }

/// Where the host ends and the port, if there is one, begins.
std::size_t colon_before_port(std::string_view authority) {
  std::size_t colon = authority.rfind(':');
  std::size_t bracket = authority.rfind(']');
  return bracket != authority.npos && colon < bracket ? authority.npos : colon;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (!std::ranges::all_of(text, may_stand_in_url)) {
    return bad_url(Code::invalid, text, "has a character that must be percent-encoded");
  }
  std::size_t scheme = text.find("://");
  if (scheme == text.npos) return bad_url(Code::invalid, text, "does not begin with http://");
  if (equal_ignoring_case(text.substr(0, scheme), "https")) {
    return bad_url(Code::unsupported, text, "asks for TLS, which is not there yet");
  }
  if (!equal_ignoring_case(text.substr(0, scheme), "http")) {
    return bad_url(Code::invalid, text, "does not begin with http://");
  }
  std::string_view rest = text.substr(scheme + 3);
  rest = rest.substr(0, rest.find('#'));
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  std::string_view target = rest.substr(authority.size());
  if (authority.find('@') != authority.npos) {
    return bad_url(Code::invalid, text, "has a user in it; send an Authorization header instead");
  }
  std::size_t colon = colon_before_port(authority);
  std::string_view port = colon == authority.npos ? "80" : authority.substr(colon + 1);
  Url url;
  std::string endpoint = "tcp:" + std::string(authority.substr(0, colon)) + ":";
  auto address = client_endpoint(endpoint += port);
  if (!address.ok())
    return std::move(address).error().during("reading the URL '" + std::string(text) + "'");
  url.address = *address;
  url.host = authority;
  url.target = target.starts_with('/') ? target : "/" + std::string(target);
  return url;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      int high = i + 2 <= text.size() - 1 ? hex_value(text[i + 1]) : -1;
      int low = i + 2 <= text.size() - 1 ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) {
        return Error(Code::invalid, "a broken escape in '" + std::string(text) + "'");
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    std::size_t equals = pair.find('=');
    auto key = percent_decode(pair.substr(0, equals), true);
    if (!key.ok() || *key != name) continue;
    if (equals == pair.npos) return "";
    return percent_decode(pair.substr(equals + 1), true).value_or("");
  }
  return "";
}

}  // namespace berth::http
