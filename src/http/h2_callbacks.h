#pragma once

#include <nghttp2/nghttp2.h>

#include "http/h2_limits.h"

namespace berth::http {

class H2Conversation;

/// Makes the session of a server's connection; what nghttp2 finds in the bytes goes to
/// `conversation`, which owns the session.
nghttp2_session* make_h2_session(H2Conversation& conversation, const H2Limits& limits);

}  // namespace berth::http
