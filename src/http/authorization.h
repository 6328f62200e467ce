#pragma once

#include <string>
#include <string_view>

namespace berth::http {

/// The value of an Authorization field for a name and a password (RFC 7617), in UTF-8. The name
/// must not have a colon in it: what stands behind it would be read as the password.
std::string basic(std::string_view name, std::string_view password);
/// The same for a token (RFC 6750).
std::string bearer(std::string_view token);

}  // namespace berth::http
