#pragma once

#include "async/network.h"

namespace berth::http {

/// Ends our half and takes what the peer still sends, so that closing does not reset the connection
/// under what it has not read yet (RFC 9112 section 9.6). At most 64 MiB; the caller bounds the
/// time.
Deferred<void> read_away(ByteStream& stream);

}  // namespace berth::http
