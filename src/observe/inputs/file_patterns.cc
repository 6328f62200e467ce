#include <algorithm>

#include "base/strings.h"
#include "observe/inputs/follow_input.h"

namespace berth::observe {

bool name_matches(std::string_view name, std::string_view pattern) {
  std::size_t at = 0, star = pattern.npos, from = 0, place = 0;
  while (at < name.size()) {
    if (place < pattern.size() && pattern[place] == '*') {
      star = place++;
      from = at;
    } else if (place < pattern.size() && (pattern[place] == '?' || pattern[place] == name[at])) {
      ++place;
      ++at;
    } else if (star != pattern.npos) {
      place = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  while (place < pattern.size() && pattern[place] == '*') ++place;
  return place == pattern.size();
}

Deferred<std::vector<std::string>> files_of_pattern(Disk& disk, std::string pattern,
                                                    std::size_t files_max) {
  std::vector<std::string> found{""};
  auto parts = split(pattern, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    bool last = i + 1 == parts.size();
    std::string part(parts[i]);
    std::vector<std::string> next;
    for (auto& folder : found) {
      if (part.find_first_of("*?") == part.npos) {
        next.push_back(folder + "/" + part);
        continue;
      }
      auto entries = co_await disk.list(folder.empty() ? "/" : folder).result();
      if (!entries.ok()) continue;
      for (auto& entry : *entries) {
        bool hidden = entry.name.starts_with('.') && !part.starts_with('.');
        if (hidden || entry.is_folder == last || !name_matches(entry.name, part)) continue;
        next.push_back(folder + "/" + entry.name);
      }
    }
    std::ranges::sort(next);
    if (next.size() > files_max) next.resize(files_max);
    found = std::move(next);
  }
  co_return found;
}

}  // namespace berth::observe
