#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "observe/series.h"

namespace berth::observe {

/// One record of a series file: either the definition of a series under a number, or a point of it.
struct SeriesRecord {
  std::uint64_t id = 0;
  std::optional<std::pair<SeriesKey, SeriesKind>> definition;
  Series::Point point{};
};

/// "BRTHSER1": the begin of every series file.
inline constexpr std::string_view series_file_magic = "BRTHSER1";

/// Appends length, CRC-32C and body.
void append_record(std::string& out, const SeriesRecord& record);
/// Takes one record from the front; nothing if it is torn or damaged.
std::optional<SeriesRecord> take_record(std::string_view& text);

}  // namespace berth::observe
