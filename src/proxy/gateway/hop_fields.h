#pragma once

#include "http/message.h"

namespace berth::proxy::gateway {

/// Fields that are for one hop only (RFC 9110 section 7.6.1), and those that Connection names.
bool hop_by_hop(const http::Header& header, const http::Headers& all);

}  // namespace berth::proxy::gateway
