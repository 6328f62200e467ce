#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::runtime {

inline constexpr int log_files_max = 3;  // SERVICE.N.log, .log.1, .log.2
inline constexpr std::size_t log_line_bytes_max = 16 << 10;
inline constexpr std::uint64_t log_file_bytes_max = 10 << 20;  // then it is renamed to .1

/// Where the output of an instance is kept: STATE/logs/SERVICE.N.log, rotated to .1 and .2
/// (docs/formats/logs.md).
inline std::string log_path(std::string_view state_folder, std::string_view id) {
  std::string name(id);
  if (auto slash = name.rfind('/'); slash != std::string::npos) name[slash] = '.';
  return std::string(state_folder) + "/logs/" + name + ".log";
}

}  // namespace berth::runtime
