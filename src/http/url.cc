#include "http/url.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::http {
namespace {

Error bad_url(Code code, std::string_view text, std::string_view why) {
  return Error(code, "the URL '" + std::string(text) + "' " + std::string(why));
}

bool may_stand_in_url(unsigned char c) { return c > ' ' && c < 0x7f; }

bool may_stand_in_name(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
}

/// Where the host ends and the port, if there is one, begins.
std::size_t colon_before_port(std::string_view authority) {
  std::size_t colon = authority.rfind(':');
  std::size_t bracket = authority.rfind(']');
  return bracket != authority.npos && colon < bracket ? authority.npos : colon;
}

/// True if its last label is a number, in whatever way readers write them: "1.2.3", "0x7f.1".
bool ends_in_a_number(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string_view label = name.substr(name.rfind('.') + 1);
  if (label.starts_with("0x")) return true;
  return !label.empty() && label.find_first_not_of("0123456789") == label.npos;
}

Result<void> read_host(std::string_view host, std::string_view text, Url& url) {
  if (host.empty()) return bad_url(Code::invalid, text, "has no host");
  bool bracketed = host.starts_with('[') && host.ends_with(']');
  url.name = lower(bracketed ? host.substr(1, host.size() - 2) : host);
  if (auto address = Address::parse(host); address.ok()) {
    bool ip = address->family() == Address::Family::ipv4 ||
              (bracketed && address->family() == Address::Family::ipv6);
    if (ip) return url.address = address->with_port(url.port), Result<void>();
  }
  if (bracketed || ends_in_a_number(url.name)) {
    return bad_url(Code::invalid, text, "has a host that is no IP address");
  }
  constexpr std::size_t name_bytes_max = 253;
  if (!std::ranges::all_of(url.name, may_stand_in_name) || url.name.size() > name_bytes_max ||
      url.name.starts_with('.') || url.name.find("..") != url.name.npos) {
    return bad_url(Code::invalid, text, "has a host that is no name");
  }
  if (url.name == "localhost") url.address = Address::loopback(url.port);
  return {};
}

Result<void> read_authority(std::string_view authority, std::string_view text, Url& url) {
  if (authority.find('@') != authority.npos) {
    return bad_url(Code::invalid, text, "has a user in it; send an Authorization header instead");
  }
  std::size_t colon = colon_before_port(authority);
  url.port = url.secure ? 443 : 80;
  if (colon != authority.npos) {
    auto port = parse_integer<std::uint16_t>(authority.substr(colon + 1), 1, 65535);
    if (!port.ok()) return bad_url(Code::invalid, text, "has no port from 1 to 65535");
    url.port = *port;
  }
  url.host = authority;
  return read_host(authority.substr(0, colon), text, url);
}

/// RFC 3986 section 5.2.4; `path` begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/', 1), path.size());
    std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
      if (path.empty()) out += '/';
    } else {
      out += segment;
    }
  }
  return out.empty() ? "/" : out;
}

bool has_scheme(std::string_view reference) {
  std::size_t colon = reference.find_first_of(":/?#");
  return colon != reference.npos && colon > 0 && reference[colon] == ':';
}

std::string with_high_bytes_encoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool high = static_cast<unsigned char>(text[i]) > 127;
    out += high ? percent_encode(text.substr(i, 1)) : std::string(1, text[i]);
  }
  return out;
}

}  // namespace

std::string Url::origin() const {
  bool bracketed = name.find(':') != name.npos;
  return (secure ? "https://" : "http://") + (bracketed ? "[" + name + "]" : name) + ":" +
         std::to_string(port);
}

std::string Url::text() const { return (secure ? "https://" : "http://") + host + target; }

Result<Url> parse_url(std::string_view text) {
  if (!std::ranges::all_of(text, may_stand_in_url)) {
    return bad_url(Code::invalid, text, "has a character that must be percent-encoded");
  }
  std::size_t scheme = text.find("://");
  Url url;
  url.secure = scheme != text.npos && equal_ignoring_case(text.substr(0, scheme), "https");
  bool plain = scheme != text.npos && equal_ignoring_case(text.substr(0, scheme), "http");
  if (!url.secure && !plain) {
    return bad_url(Code::invalid, text, "does not begin with http:// or https://");
  }
  std::string_view rest = text.substr(scheme + 3);
  rest = rest.substr(0, rest.find('#'));
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  std::string_view target = rest.substr(authority.size());
  TRY(read_authority(authority, text, url));
  url.target = target.starts_with('/') ? target : "/" + std::string(target);
  return url;
}

Result<Url> join_url(const Url& base, std::string_view reference) {
  std::string encoded = with_high_bytes_encoded(reference);
  std::string_view rest = encoded;
  if (has_scheme(rest)) return parse_url(rest);
  std::string scheme = base.secure ? "https:" : "http:";
  if (rest.starts_with("//")) return parse_url(scheme += rest);
  rest = rest.substr(0, rest.find('#'));
  std::string_view path = rest.substr(0, rest.find('?'));
  std::string_view query = rest.substr(path.size());
  std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  std::string target;
  if (rest.empty()) {
    target = base.target;
  } else if (path.empty()) {
    target = base_path;
  } else if (path.starts_with('/')) {
    target = without_dot_segments(path);
  } else {
    std::string merged(base_path.substr(0, base_path.rfind('/') + 1));
    target = without_dot_segments(merged += path);
  }
  return parse_url(scheme + "//" + base.host + (target += query));
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

std::string add_query(std::string target,
                      const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return target;
  std::size_t mark = target.find('?');
  bool has_pairs = mark != target.npos && mark + 1 < target.size();
  if (mark == target.npos) target += '?';
  if (has_pairs && !target.ends_with('&')) target += '&';
  return target += encode_form(pairs);
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
