#pragma once

#include <string>
#include <vector>

namespace berth::app {

/// A flag as --help and completion see it.
struct FlagShape {
  std::vector<std::string> names;  // "--follow", "-f"
  std::string value;               // what follows it: "N", "SERVICE", "FOLDER"; empty: nothing
  std::string help;
};

/// A word that a command takes by its place: "SERVICE", "SERVICE|INSTANCE".
struct PlaceShape {
  std::string name;
  std::string help;
  bool required = false;
  bool many = false;
};

/// A command as --help and completion see it.
struct CommandShape {
  std::string name;  // "logs", "proxy run"
  std::string group;
  std::string summary;
  std::string details;   // more of it, lines; may be empty
  std::string examples;  // lines
  std::vector<PlaceShape> places;
  std::vector<FlagShape> flags;
};

}  // namespace berth::app
