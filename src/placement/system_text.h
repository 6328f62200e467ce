#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml_reader.h"
#include "placement/system_file.h"

// The first half of reading a system: from files to one table a service. What stands in the tables
// is read by service_reader.h.

namespace berth::placement {

/// One [service.NAME] as it is written.
struct ServiceText {
  std::string name;
  TomlPlace name_place;
  TomlValue table;
  /// What an environment's overlay says to run; the base's word for it does not count then.
  std::vector<std::string> sources;
};

/// A system's files as one: no service is in two of them.
struct SystemText {
  static constexpr std::size_t services_max = 200;
  static constexpr std::size_t includes_max = 50;
  static constexpr std::size_t environments_max = 20;

  std::string name;
  TomlPlace name_place;
  bool only_declared_calls = false;
  std::vector<ServiceText> services;  // by name
  /// The [environment.NAME] tables: those of included files first, in their order.
  std::map<std::string, std::vector<TomlValue>> environments;
};

/// What is wrong is added to `errors`.
SystemText read_text(const SystemFiles& files, TomlErrors& errors);
/// The services as they are in that environment.
std::vector<ServiceText> services_in(const SystemText& text, const std::string& environment,
                                     TomlErrors& errors);

/// 1 to 40 of a-z, 0-9 and -, beginning with a letter, not ending in -.
bool is_label(std::string_view text);
inline constexpr std::string_view a_label =
    "1 to 40 of a-z, 0-9 and -, beginning with a letter and not ending in -";
/// The label that was probably meant: in small letters, with - for what may not stand there; empty
/// if there is none.
std::string label_like(std::string_view text);

}  // namespace berth::placement
