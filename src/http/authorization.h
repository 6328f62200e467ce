#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace berth::http {

/// The value of an Authorization field for a name and a password (RFC 7617), in UTF-8. The name
/// must not have a colon in it: what stands behind it would be read as the password.
std::string basic(std::string_view name, std::string_view password);
/// The same for a token (RFC 6750).
std::string bearer(std::string_view token);
/// What stands behind `scheme` in Authorization (RFC 9110 section 11.6.2); nothing where there is
/// none or another scheme. A view into the field.
std::optional<std::string_view> credentials(const Headers& headers, std::string_view scheme);

/// True if both are equal; takes as long however many characters are.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace berth::http
