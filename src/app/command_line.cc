#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "app/command_help.h"
#include "app/command_table.h"
#include "app/exit_code.h"
#include "base/strings.h"

// The command line, read by CLI11 after the table of commands.

namespace berth::app {
namespace {

/// CLI11's own tree of all commands. Kept as long as what it read.
class Tree {
 public:
  Tree() : app_("berth") {
    app_.fallthrough();  // common flags may stand behind the command
    app_.set_help_flag("-h,--help", "tell how it is used");
    declare_common(app_, common);
    for (auto& entry : command_table()) {
      CLI::App* parent = &app_;
      auto words = split(entry.name, ' ');
      for (auto word : words) {
        if (parent != &app_) parent->require_subcommand(1);
        auto there =
            parent->get_subcommands([&](CLI::App* each) { return each->get_name() == word; });
        parent = there.empty() ? parent->add_subcommand(std::string(word), entry.summary)
                               : there.front();
      }
      entry.declare(*parent, chosen);
      leaves_[parent] = &entry;
    }
  }

  CLI::App& app() { return app_; }
  /// The entry of the command that was asked for, and CLI11's part for it.
  std::pair<const CommandEntry*, CLI::App*> asked() {
    CLI::App* now = &app_;
    while (!now->get_subcommands().empty()) now = now->get_subcommands().front();
    auto found = leaves_.find(now);
    return {found == leaves_.end() ? nullptr : found->second, now};
  }
  const std::map<CLI::App*, const CommandEntry*>& leaves() const { return leaves_; }

  Common common;
  Chosen chosen;

 private:
  CLI::App app_;
  std::map<CLI::App*, const CommandEntry*> leaves_;
};

std::vector<FlagShape> flags_of(const CLI::App& app) {
  std::vector<FlagShape> flags;
  for (auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    FlagShape flag;
    for (auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    if (option->get_expected_max() > 0 && option->get_type_size() > 0) {
      flag.value = option->get_type_name();
      // What a check adds to the name (" INT in [1 - 65535]", ":FUNCTION") is not for people.
      flag.value.resize(std::min(flag.value.size(), flag.value.find_first_of(": ")));
    }
    flag.help = option->get_description();
    flags.push_back(std::move(flag));
  }
  return flags;
}

CommandShape shape_of(const CommandEntry& entry, const CLI::App& app) {
  CommandShape shape{entry.name, entry.group, entry.summary, entry.details, entry.examples, {}, {}};
  for (auto* option : app.get_options()) {
    if (!option->get_positional()) continue;
    shape.places.push_back({option->get_name(true), option->get_description(),
                            option->get_required(), option->get_expected_max() > 1});
  }
  shape.flags = flags_of(app);
  return shape;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (auto& entry : command_table()) names.emplace_back(entry.name);
  return names;
}

Parsed usage(std::string text, const std::string& command) {
  return {std::nullopt, exit_usage,
          "berth: " + text + "\nsee: berth " + command + (command.empty() ? "" : " ") + "--help\n"};
}

template <class Words>
std::string did_you_mean(const std::string& word, const Words& words) {
  std::vector<std::string_view> views(words.begin(), words.end());
  auto nearest = nearest_word(lower(word), views);
  return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

Parsed unexpected(const std::string& word, const CommandShape& shape) {
  if (word.size() > 1 && word.starts_with('-')) {
    std::vector<std::string> names;
    auto flags = shape.flags;
    for (auto& flag : common_flags()) flags.push_back(flag);
    for (auto& flag : flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
    auto name = word.substr(0, word.find('='));
    if (!name.starts_with("--")) names.clear();  // any letter is near to any other
    return usage(fmt::format("{} has no flag {}{}", shape.name, name, did_you_mean(name, names)),
                 shape.name);
  }
  return usage(fmt::format("'{}' is one word too many; usage: {}", word, usage_line(shape)),
               shape.name);
}

/// The first word that is no common flag, nor the value of one; empty if there is none.
std::string first_command_word(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto& word = words[i];
    if (word == "-C" || word == "--folder" || word == "--env" || word == "--state") {
      ++i;
    } else if (!word.starts_with('-')) {
      return word;
    }
  }
  return "";
}

bool is_command(const std::string& word) {
  return std::ranges::any_of(command_table(), [&](const CommandEntry& entry) {
    return std::string_view(entry.name).substr(0, std::string_view(entry.name).find(' ')) == word;
  });
}

/// Of commands of two words, what may stand behind the first: "run, state, ..." for "proxy".
std::string second_words(const std::string& first) {
  std::string all;
  for (auto& entry : command_table()) {
    auto words = split_once(entry.name, ' ');
    if (!words || words->first != first) continue;
    all += (all.empty() ? "" : ", ") + std::string(words->second);
  }
  return all;
}

Parsed failure(Tree& tree, const CLI::ParseError& error) {
  auto [entry, app] = tree.asked();
  if (!entry) {
    std::string name = app->get_name();
    if (app == &tree.app()) {
      auto left = app->remaining();
      if (left.empty()) return usage(error.what(), "");
      std::string hint =
          did_you_mean(left.front(), std::vector<std::string>{"--help", "--version", "--folder",
                                                              "--env", "--state", "--json"});
      return usage("there is no flag " + left.front() + hint, "");
    }
    return usage("'berth " + name + "' needs one more word: " + second_words(name), "");
  }
  CommandShape shape = shape_of(*entry, *app);
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    auto left = tree.app().remaining(true);
    if (!left.empty()) return unexpected(left.front(), shape);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    std::string what = error.what();
    what.resize(std::min(what.size(), what.find(" is required")));
    return usage(fmt::format("{} needs {}; usage: {}", shape.name, what, usage_line(shape)),
                 shape.name);
  }
  return usage(std::string(shape.name) + ": " + error.what(), shape.name);
}

/// The words of an unfinished line; where it looks for the server counts already.
CommandLine complete_line(std::vector<std::string> words) {
  CommandLine line;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "-C" || words[i] == "--folder") line.common.folder = words[i + 1];
    if (words[i] == "--state") line.common.state = words[i + 1];
  }
  line.arguments = CompleteArguments{std::move(words)};
  return line;
}

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& given) {
  if (!given.empty() && given[0] == "__complete") {
    return {complete_line({given.begin() + 1, given.end()}), 0, ""};
  }
  if (given.size() == 2 && given[0] == "shim")
    return {CommandLine{{}, ShimArguments{given[1]}}, 0, ""};
  std::vector<std::string> words = given;
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words == std::vector<std::string>{"--version"}) words = {"version"};
  std::string first = first_command_word(words);
  if (!first.empty() && !is_command(first)) {
    auto hint = did_you_mean(first, command_names());
    return usage("there is no command '" + first + "'" + hint, "");
  }
  Tree tree;
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    tree.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    auto [entry, app] = tree.asked();
    return {std::nullopt, exit_done,
            entry ? command_help(shape_of(*entry, *app))
                  : program_help(command_shapes(), common_flags())};
  } catch (const CLI::ParseError& error) {
    return failure(tree, error);
  }
  if (!tree.chosen)
    return {std::nullopt, exit_done, program_help(command_shapes(), common_flags())};
  return {CommandLine{tree.common, *tree.chosen}, 0, ""};
}

std::vector<CommandShape> command_shapes() {
  Tree tree;
  std::vector<CommandShape> shapes;
  for (auto& entry : command_table()) {
    for (auto& [app, its] : tree.leaves()) {
      if (its == &entry) shapes.push_back(shape_of(entry, *app));
    }
  }
  return shapes;
}

std::vector<FlagShape> common_flags() {
  Tree tree;
  return flags_of(tree.app());
}

}  // namespace berth::app
