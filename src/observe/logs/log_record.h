#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "observe/logs/line_batch.h"

namespace berth::observe {

/// "BRTHLWAL": the begin of every write-ahead log, before the first sequence in 8 bytes.
inline constexpr std::string_view line_log_magic = "BRTHLWAL";
inline constexpr std::size_t line_record_bytes_max = 8 << 20;

std::string line_log_begin(std::uint64_t first_sequence);
/// Puts a line behind a record's body.
void append_line(std::string& body, const StoredLine& line);
/// Adds all lines of a record's body; false, and the rest is left out, if it is damaged.
bool take_lines(std::string_view body, LineBatch& batch);

}  // namespace berth::observe
