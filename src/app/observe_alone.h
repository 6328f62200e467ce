#pragma once

#include <string>

namespace berth::app {

struct ObserveArguments {
  std::string file;    // observe.toml
  bool check = false;  // tell only whether it can be used
};

/// `berth observe run FILE`: observation alone, by what a file says (docs/formats/observe.md). It
/// reads the file again when it or one that it names changes, and at HUP; one that is wrong is told
/// and changes nothing. Ends at TERM and INT once all is written. Returns the exit code.
int run_observe_alone(const ObserveArguments& arguments);

}  // namespace berth::app
