#pragma once

#include <span>

#include "app/command_words.h"

namespace berth::app {

/// A command: its texts, and the function that declares its words and flags.
struct CommandEntry {
  const char* group;
  const char* name;  // "ps", "proxy run"
  const char* summary;
  const char* details;
  const char* examples;
  void (*declare)(CLI::App& app, Chosen& chosen);
};

/// All commands but the hidden ones, in the order of `berth --help`.
std::span<const CommandEntry> command_table();

}  // namespace berth::app
