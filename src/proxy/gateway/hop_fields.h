#pragma once

#include "http/message.h"

namespace berth::proxy::gateway {

/// Fields that are for one hop only (RFC 9110 section 7.6.1), and those that Connection names.
bool hop_by_hop(const http::Header& header, const http::Headers& all);
/// The same, and what a request of HTTP/1.0 may not ask of who gets it by HTTP/1.1: 100 Continue
/// (RFC 9110 section 10.1.1).
bool stays_here(const http::Header& header, const http::RequestHead& request);

}  // namespace berth::proxy::gateway
