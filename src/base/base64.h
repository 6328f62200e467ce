#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

/// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);
/// The same back, strictly: other characters, missing padding and bits that are not zero in it are
/// invalid.
Result<std::string> base64_decode(std::string_view text);

}  // namespace berth
