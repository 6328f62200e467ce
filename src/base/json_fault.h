#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// What is wrong with a JSON text and at which byte.
struct JsonFault {
  std::size_t offset = 0;
  std::string reason;
};

/// Finds the first offence against RFC 8259 in a text that the fast reader refused; a reason is
/// given always. Reads one byte after the other: only for telling a user about it.
JsonFault find_json_fault(std::string_view text, std::size_t depth_max);

}  // namespace berth
