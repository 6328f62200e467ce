#include "proxy/gateway/forwarded.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/h1_writer.h"

namespace berth::proxy::gateway {
namespace {

/// What a trusted proxy says, nearest hop last.
struct Hops {
  std::array<std::string_view, Origin::hops_max> at;
  std::size_t count = 0;
  std::string_view scheme;
  std::string_view host;

  /// Beyond the limit the farthest hops are forgotten: what is nearest counts.
  void add(std::string_view hop) {
    if (count == at.size()) std::shift_left(at.begin(), at.end(), 1), --count;
    at[count++] = hop;
  }
};

/// Calls `each` for what stands between separators that are not within quotes.
template <class F>
void split_unquoted(std::string_view text, char separator, F each) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      each(trim(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  each(trim(text.substr(std::min(begin, text.size()))));
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
    text.remove_prefix(1);
    text.remove_suffix(1);
  }
  return text;
}

/// RFC 7239 section 4: elements of pairs. Scheme and host are those of the last element.
void read_forwarded(std::string_view value, Hops& hops) {
  split_unquoted(value, ',', [&](std::string_view element) {
    std::string_view hop = "unknown";
    std::string_view scheme;
    std::string_view host;
    split_unquoted(element, ';', [&](std::string_view pair) {
      auto parts = split_once(pair, '=');
      if (!parts) return;
      if (equal_ignoring_case(parts->first, "for")) hop = unquoted(parts->second);
      if (equal_ignoring_case(parts->first, "proto")) scheme = unquoted(parts->second);
      if (equal_ignoring_case(parts->first, "host")) host = unquoted(parts->second);
    });
    hops.add(hop);
    hops.scheme = scheme;
    hops.host = host;
  });
}

std::string_view last_element(std::string_view list) {
  std::size_t comma = list.rfind(',');
  return trim(comma == list.npos ? list : list.substr(comma + 1));
}

Hops believed(const http::Headers& headers, bool by_forwarded) {
  Hops hops;
  for (auto& header : headers) {
    if (by_forwarded) {
      if (equal_ignoring_case(header.name, "forwarded")) read_forwarded(header.value, hops);
    } else if (equal_ignoring_case(header.name, "x-forwarded-for")) {
      split_unquoted(header.value, ',', [&](std::string_view hop) { hops.add(hop); });
    } else if (equal_ignoring_case(header.name, "x-forwarded-proto")) {
      hops.scheme = last_element(header.value);
    } else if (equal_ignoring_case(header.name, "x-forwarded-host")) {
      hops.host = last_element(header.value);
    }
  }
  return hops;
}

/// A host may stand in our head only as a Host field could have brought it.
bool host_fits(std::string_view host) {
  return !host.empty() && host.size() <= 260 && std::ranges::all_of(host, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

void append_node(std::string& out, std::string_view ip) {
  bool v6 = ip.find(':') != ip.npos;
  out += v6 ? "for=\"[" : "for=";
  out += ip.empty() ? std::string_view("unknown") : ip;
  if (v6) out += "]\"";
}

}  // namespace

Address hop_address(std::string_view text) {
  text = unquoted(trim(text));
  if (text.empty() || text.size() > 60 || text.starts_with("unix:")) return {};
  auto parsed = Address::parse(text);
  return parsed.ok() ? parsed->with_port(0) : Address();
}

void Origin::find(const http::RequestHead& head, const Address& peer, std::string_view peer_ip,
                  std::string_view own_scheme, const TrustedProxies& trusted) {
  client = peer.with_port(0);
  client_ip = peer_ip;
  chain = peer_ip;
  scheme = own_scheme;
  host = head.authority.empty() ? head.headers.value("host") : head.authority;
  if (!trusted.addresses.contains(peer)) return;
  Hops hops = believed(head.headers, trusted.by_forwarded);
  if (hops.scheme == "http" || hops.scheme == "https") scheme = hops.scheme;
  if (host_fits(hops.host)) host = hops.host;
  for (std::size_t i = hops.count; i > 0; --i) {
    Address hop = hop_address(hops.at[i - 1]);
    if (hop.family() == Address::Family::none) break;
    client = hop;
    client_ip = hop.ip_text();
    chain.insert(0, client_ip + ", ");
    if (!trusted.addresses.contains(hop)) break;
  }
}

bool tells_origin(std::string_view name) {
  switch (name.size()) {
    case 9:
      return equal_ignoring_case(name, "forwarded") || equal_ignoring_case(name, "x-real-ip");
    default:
      return name.size() > 12 && equal_ignoring_case(name.substr(0, 12), "x-forwarded-");
  }
}

void append_forwarded(std::string& out, const Origin& origin) {
  http::append_header(out, "X-Forwarded-For", origin.chain);
  http::append_header(out, "X-Forwarded-Proto", origin.scheme);
  http::append_header(out, "X-Forwarded-Host", origin.host);
  out += "Forwarded: ";
  std::string_view rest = origin.chain;
  for (bool first = true;; first = false) {
    std::size_t comma = rest.find(", ");
    append_node(out, rest.substr(0, comma));
    if (first) {
      out.append(";proto=").append(origin.scheme);
      if (host_fits(origin.host)) out.append(";host=\"").append(origin.host).append("\"");
    }
    if (comma == rest.npos) break;
    out += ", ";
    rest = rest.substr(comma + 2);
  }
  out += "\r\n";
}

}  // namespace berth::proxy::gateway
