#include "os/process_table.h"

#include <dirent.h>

#include <optional>
#include <string>

#include "base/strings.h"
#include "os/host.h"

namespace berth::os {
namespace {

std::optional<ProcessEntry> entry_of(std::int64_t pid) {
  auto stat = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) return std::nullopt;
  std::size_t name_end = stat->rfind(") ");  // the name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  auto fields = split(std::string_view(*stat).substr(name_end + 2), ' ');
  if (fields.size() < 4) return std::nullopt;
  auto number = [&](std::size_t at) { return parse_integer<std::int64_t>(fields[at]).value_or(0); };
  return ProcessEntry{pid, number(1), number(2), number(3)};
}

}  // namespace

std::vector<ProcessEntry> all_processes() {
  std::vector<ProcessEntry> found;
  DIR* folder = ::opendir("/proc");
  if (!folder) return found;
  while (dirent* entry = ::readdir(folder)) {
    auto pid = parse_integer<std::int64_t>(entry->d_name, 1);
    if (!pid.ok()) continue;
    if (auto process = entry_of(*pid)) found.push_back(*process);
  }
  ::closedir(folder);
  return found;
}

}  // namespace berth::os
