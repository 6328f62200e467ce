#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace berth::http {

class H2Session;

/// Makes nghttp2's session of one side of a connection; what it finds in the bytes goes to `owner`.
nghttp2_session* make_h2_session(H2Session& owner, bool server, std::size_t acks_max,
                                 std::size_t continuations_max);

}  // namespace berth::http
