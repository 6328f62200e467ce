#pragma once

#include <nghttp2/nghttp2.h>

namespace berth::http {

/// What nghttp2 allots for each stream and frame, from the pool of frames of this thread, which a
/// session must not leave.
nghttp2_mem h2_memory();

}  // namespace berth::http
