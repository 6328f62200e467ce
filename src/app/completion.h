#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_shape.h"
#include "base/json.h"

namespace berth::app {

struct Candidate {
  std::string text;
  std::string help;
  bool operator==(const Candidate&) const = default;
};

/// What may stand where the last of `words` is being typed (`words` are those behind "berth").
struct Completion {
  std::vector<Candidate> candidates;  // that begin with what was typed: commands, flags, choices
  std::string value;  // else the kind of what is wanted: "SERVICE", "SERVICE|INSTANCE", "FOLDER"
};
Completion completion_of(const std::vector<CommandShape>& commands,
                         const std::vector<FlagShape>& common,
                         const std::vector<std::string>& words);

/// True if a running Berth knows what a value of this kind may be.
bool is_asked_from_server(std::string_view value);
/// The names of a state (GET /v1/state) that fit a value's kind and begin with `typed`.
std::vector<Candidate> names_for(std::string_view value, const Json& state, std::string_view typed);

/// The script that a shell (bash, zsh, fish) loads; it asks `berth __complete WORDS...` for the
/// candidates, each a line with a tab before its description, or ":files" for paths. `program`
/// is run where there is no berth in PATH. Nothing for another shell.
std::optional<std::string> completion_script(std::string_view shell, const std::string& program);

}  // namespace berth::app
