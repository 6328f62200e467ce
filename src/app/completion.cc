#include "app/completion.h"

#include <algorithm>

#include "app/words.h"
#include "base/strings.h"

namespace berth::app {
namespace {

constexpr std::string_view bash_script = R"sh(# berth in bash: source <(berth completion bash)
_berth() {
  local berth=$1 IFS=$'\n' found line
  type -P "$1" >/dev/null || berth=PROGRAM
  found=$("$berth" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  if [ "$found" = ":files" ]; then
    compopt -o default
    return
  fi
  for line in $found; do
    COMPREPLY+=("${line%%$'\t'*}")
  done
}
complete -F _berth berth
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef berth
# berth in zsh: source <(berth completion zsh)
_berth() {
  local berth=${commands[berth]:-PROGRAM} line
  local -a found described
  found=("${(@f)$($berth __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$found[1]" == ":files" ]]; then
    _files
    return
  fi
  for line in $found; do
    [[ -n $line ]] && described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -V berth described
}
if [[ "$funcstack[1]" == _berth ]]; then
  _berth "$@"
else
  compdef _berth berth
fi
)sh";

constexpr std::string_view fish_script = R"sh(# berth in fish: berth completion fish | source
function __berth_complete
  set -l berth berth
  command -q berth; or set berth PROGRAM
  set -l last (commandline -ct)
  set -l words (commandline -opc)
  set -e words[1]
  set -l found (command $berth __complete $words "$last" 2>/dev/null)
  if test "$found[1]" = ':files'
    __fish_complete_path "$last"
  else
    printf '%s\n' $found
  end
end
complete -c berth -f -a '(__berth_complete)'
)sh";

/// The word in single quotes for a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

const FlagShape* flag_named(const std::vector<FlagShape>& flags, const std::string& word) {
  for (auto& flag : flags) {
    if (std::ranges::find(flag.names, word) != flag.names.end()) return &flag;
  }
  return nullptr;
}

/// What stands before the word that is being typed.
struct Read {
  const CommandShape* command = nullptr;
  std::size_t places = 0;           // words by place that are there already
  const FlagShape* open = nullptr;  // a flag whose value is being typed
  std::string unfinished;           // "proxy", before "run"
};

Read read_words(const std::vector<CommandShape>& commands, const std::vector<FlagShape>& common,
                const std::vector<std::string>& words) {
  Read read;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    auto& word = words[i];
    if (read.open) {
      read.open = nullptr;
      continue;
    }
    if (word.size() > 1 && word.starts_with('-')) {
      const FlagShape* flag = read.command ? flag_named(read.command->flags, word) : nullptr;
      if (!flag) flag = flag_named(common, word);
      if (flag && !flag->value.empty()) read.open = flag;
    } else if (read.command) {
      ++read.places;
    } else {
      std::string name = read.unfinished.empty() ? word : read.unfinished + " " + word;
      for (auto& command : commands) {
        if (command.name == name) read.command = &command;
      }
      read.unfinished = name;
    }
  }
  return read;
}

void offer(std::vector<Candidate>& out, std::string_view typed, const std::string& text,
           const std::string& help) {
  if (!text.starts_with(typed)) return;
  if (std::ranges::any_of(out, [&](auto& there) { return there.text == text; })) return;
  out.push_back({text, help});
}

/// A kind such as "bash|zsh|fish" names the choices themselves: none of them is in capitals.
bool is_choice(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return (c >= 'a' && c <= 'z') || c == '|'; }) &&
         value.find('|') != value.npos;
}

}  // namespace

Completion completion_of(const std::vector<CommandShape>& commands,
                         const std::vector<FlagShape>& common,
                         const std::vector<std::string>& words) {
  Completion out;
  std::string typed = words.empty() ? "" : words.back();
  Read read = read_words(commands, common, words);
  if (read.open) {
    out.value = read.open->value;
  } else if (typed.starts_with('-')) {
    auto flags = read.command ? read.command->flags : std::vector<FlagShape>();
    flags.insert(flags.end(), common.begin(), common.end());
    for (auto& flag : flags) {
      for (auto& name : flag.names) {
        if (name.starts_with("--")) offer(out.candidates, typed, name, flag.help);
      }
    }
  } else if (!read.command) {
    // "proxy run" is offered word by word.
    std::string before = read.unfinished.empty() ? "" : read.unfinished + " ";
    for (auto& command : commands) {
      if (!command.name.starts_with(before)) continue;
      std::string rest = command.name.substr(before.size());
      offer(out.candidates, typed, rest.substr(0, rest.find(' ')), command.summary);
    }
  } else if (!read.command->places.empty()) {
    auto& places = read.command->places;
    if (read.places < places.size()) {
      out.value = places[read.places].name;
    } else if (places.back().many) {
      out.value = places.back().name;
    }
  }
  if (is_choice(out.value)) {
    for (auto choice : split(std::exchange(out.value, {}), '|')) {
      offer(out.candidates, typed, std::string(choice), "");
    }
  }
  return out;
}

bool is_asked_from_server(std::string_view value) {
  for (auto kind : split(value, '|')) {
    if (kind == "SERVICE" || kind == "INSTANCE" || kind == "TOPIC") return true;
  }
  return false;
}

std::vector<Candidate> names_for(std::string_view value, const Json& state,
                                 std::string_view typed) {
  std::vector<Candidate> out;
  auto kinds = split(value, '|');
  auto wanted = [&](std::string_view kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
  };
  // Instances only once a service is chosen, where both may stand: else the list is long.
  bool instances = wanted("INSTANCE") && (!wanted("SERVICE") || typed.contains('/'));
  for (auto& service : state["services"].items()) {
    if (wanted("SERVICE")) {
      offer(out, typed, text_of(service["name"]), text_of(service["health"]));
    }
    for (auto& instance : service["instances"].items()) {
      if (instances) offer(out, typed, text_of(instance["id"]), text_of(instance["state"]));
    }
  }
  for (auto& topic : state["topics"].items()) {
    if (wanted("TOPIC")) {
      offer(out, typed, text_of(topic["name"]), text_of(topic["published"]) + " published");
    }
  }
  return out;
}

std::optional<std::string> completion_script(std::string_view shell, const std::string& program) {
  std::string script(shell == "bash"   ? bash_script
                     : shell == "zsh"  ? zsh_script
                     : shell == "fish" ? fish_script
                                       : std::string_view());
  if (script.empty()) return std::nullopt;
  constexpr std::string_view mark = "PROGRAM";
  script.replace(script.find(mark), mark.size(), quoted(program));
  return script;
}

}  // namespace berth::app
