#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Appends `body` as a record of a log: behind its length and its CRC-32C, each of four bytes,
/// least significant first.
void append_sealed(std::string& out, std::string_view body);
/// Takes the body of such a record from the front; nothing if it is torn, damaged or longer than
/// `bytes_max`. A view into `text`.
std::optional<std::string_view> take_sealed(std::string_view& text, std::size_t bytes_max);

}  // namespace berth
