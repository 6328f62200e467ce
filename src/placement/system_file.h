#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/toml_reader.h"
#include "placement/spec.h"

namespace berth::placement {

/// One thing that is wrong with a system file (docs/formats/api.md, "problems").
struct Problem {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string text;
  std::string expected;  // what should stand there, if that can be said
  std::string nearest;   // the nearest right word, if there is one

  /// "berth.toml:7:1: unknown key 'instnces' in service.orders; did you mean 'instances'?"
  std::string line_text() const;
};

/// Reads the keys of one public route's table, all but those that say where it is, and ends with
/// finish(). What a route of the gateway may say is known there, which stands above this folder:
/// whoever reads system files gives it.
using RouteKeys = std::function<void(TomlReader& table)>;

struct SystemFiles {
  std::string folder;                        // absolute
  std::map<std::string, std::string> texts;  // by path relative to folder; "berth.toml" is the root
  std::string environment = "dev";
  RouteKeys route_keys;  // none: routes may not be tables
};

/// The paths that a root file includes, for who collects the files; empty if it cannot be read.
std::vector<std::string> included_files(std::string_view root_text);

/// The whole system, or every problem at once (then `spec` is not to be used).
struct ReadSystem {
  SystemSpec spec;
  std::vector<Problem> problems;
};
ReadSystem read_system(const SystemFiles& files);

/// Each setting of the system with its value and where it comes from ("berth.toml:12", "default"),
/// for `berth plan --all`; nothing if there are problems.
struct Setting {
  std::string key;  // "service.orders.instances"
  std::string value;
  std::string source;
};
std::vector<Setting> settings(const SystemFiles& files);

}  // namespace berth::placement
