#pragma once

#include <map>
#include <string>

#include "observe/alone/observe_file.h"

namespace berth::observe {

using TextFiles = std::map<std::string, std::string>;

/// Reads it as the observe.toml of /etc/berth, among these other files.
inline Result<ObserveFile> read_observe(const std::string& text, const TextFiles& files = {}) {
  auto read = [&](const std::string& path) {
    auto found = files.find(path);
    return found == files.end() ? Result<std::string>(Error(Code::not_found, "no " + path))
                                : Result<std::string>(found->second);
  };
  auto zone = [](const std::string&) -> Result<TimeZone> { return TimeZone(); };
  return read_observe_file(text, "observe.toml", "/etc/berth", {read, zone});
}

}  // namespace berth::observe
