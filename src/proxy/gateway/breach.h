#pragma once

#include "http/message.h"

namespace berth::proxy::gateway {

/// True if the answer to this request may hold its user's secrets beside what another site chose,
/// so that its compressed length would tell of them (BREACH, Gluck, Harris and Prado 2013): the
/// browser adds credentials by itself (Cookie, Authorization other than Bearer), and nothing shows
/// that the page that asks is of this site. That shows Sec-Fetch-Site (W3C Fetch Metadata), in
/// browsers without it Origin or Referer.
bool risks_breach(const http::RequestHead& request);

}  // namespace berth::proxy::gateway
