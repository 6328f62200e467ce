#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "http/message.h"
#include "proxy/gateway/address_list.h"

namespace berth::proxy::gateway {

/// Whom to believe about where a request comes from.
struct TrustedProxies {
  AddressList addresses;      // proxies in front of us; nobody else's fields are believed
  bool by_forwarded = false;  // they say it in Forwarded (RFC 7239), not in X-Forwarded-*
};

/// Where a request comes from, as far as it is believed. Reused from request to request, so that
/// its texts keep their memory.
struct Origin {
  static constexpr std::size_t hops_max = 32;

  Address client;           // the last address that no trusted proxy stands behind; without a port
  std::string client_ip;    // its text
  std::string chain;        // "client, proxy, proxy", without what strangers said before the client
  std::string_view scheme;  // "http" or "https"
  std::string_view host;    // as the client asked for it, with its port

  /// `peer_ip` is the text of `peer`, who connected; empty where that is no IP address.
  void find(const http::RequestHead& head, const Address& peer, std::string_view peer_ip,
            std::string_view own_scheme, const TrustedProxies& trusted);
};

/// X-Forwarded-For, -Proto and -Host, and Forwarded, for the next server.
void append_forwarded(std::string& out, const Origin& origin);
/// True for the fields that only append_forwarded may write: those above, and their like.
bool tells_origin(std::string_view name);

/// The address in an element of X-Forwarded-For or a "for=" of Forwarded: with or without a port,
/// brackets, quotes. Family none: "unknown" and other words.
Address hop_address(std::string_view text);

}  // namespace berth::proxy::gateway
