#include "app/command_help.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace berth::app {
namespace {

constexpr std::string_view exit_codes =
    "Exit codes: 0 done; 1 it did not work out (a deploy that returned, a name that is not "
    "there);\n"
    "2 wrong usage; 3 nothing to talk to.\n";

std::string flag_text(const FlagShape& flag) {
  std::string out;
  for (auto& name : flag.names) out += (out.empty() ? "" : ", ") + name;
  return flag.value.empty() ? out : out + " " + flag.value;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string columns(const Pairs& pairs) {
  std::size_t widest = 0;
  for (auto& [left, right] : pairs) widest = std::max(widest, left.size());
  std::string out;
  for (auto& [left, right] : pairs) out += fmt::format("  {:<{}}  {}\n", left, widest, right);
  return out;
}

Pairs flag_pairs(const std::vector<FlagShape>& flags) {
  Pairs pairs;
  for (auto& flag : flags) pairs.emplace_back(flag_text(flag), flag.help);
  return pairs;
}

std::string indented(std::string_view text) {
  std::string out;
  for (auto line : split(text, '\n')) out += "  " + std::string(line) + "\n";
  return out;
}

}  // namespace

std::string usage_line(const CommandShape& command) {
  std::string out = "berth " + command.name;
  if (!command.flags.empty()) out += " [FLAGS]";
  for (auto& place : command.places) {
    std::string name = place.name + (place.many ? "..." : "");
    out += " " + (place.required ? name : "[" + name + "]");
  }
  return out;
}

std::string command_help(const CommandShape& command) {
  std::string out = usage_line(command) + "\n\n" + indented(command.summary);
  if (!command.details.empty()) out += indented(command.details);
  if (!command.places.empty()) {
    Pairs pairs;
    for (auto& place : command.places) pairs.emplace_back(place.name, place.help);
    out += "\n" + columns(pairs);
  }
  if (!command.flags.empty()) out += "\nFlags:\n" + columns(flag_pairs(command.flags));
  out += "\nFor example:\n" + indented(command.examples);
  out +=
      "\nAnywhere: --json, -C FOLDER, --env NAME, --state FOLDER (berth --help tells of them).\n";
  return out + std::string(exit_codes);
}

std::string program_help(const std::vector<CommandShape>& commands,
                         const std::vector<FlagShape>& common) {
  std::string out =
      "berth COMMAND: runs a system of services, carries their requests and messages, shows how\n"
      "they do. A system is one file, berth.toml.\n";
  std::vector<std::string> groups;
  for (auto& command : commands) {
    if (std::ranges::find(groups, command.group) == groups.end()) groups.push_back(command.group);
  }
  // All groups have one width, so that the summaries stand in one column.
  std::size_t widest = 0;
  for (auto& command : commands) widest = std::max(widest, command.name.size());
  for (auto& group : groups) {
    out += "\n" + group + ":\n";
    for (auto& command : commands) {
      if (command.group != group) continue;
      out += fmt::format("  {:<{}}  {}\n", command.name, widest, command.summary);
    }
  }
  out += "\nWith any command:\n" + columns(flag_pairs(common));
  out +=
      "\nColours are used on a terminal only, and not where NO_COLOR is set.\n"
      "Each command has an example: berth COMMAND --help\n";
  return out + std::string(exit_codes);
}

}  // namespace berth::app
