#pragma once

#include <functional>
#include <string_view>

#include "app/terminal.h"

namespace berth::app {

/// Where a command writes: results to `out`, words about them to `err`. A closed pipe ends the
/// process as it does any other program's.
struct Output {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  Style style;
  bool to_terminal = false;
  bool json = false;  // --json: `out` carries the API's JSON and nothing else

  void line(std::string_view text) const {
    out(text);
    out("\n");
  }
  void lines(const std::vector<std::string>& lines) const { out(joined(lines)); }
};

/// Standard output and error; colours only on a terminal and where NO_COLOR is not set
/// (https://no-color.org) and TERM is not "dumb".
Output standard_output();

}  // namespace berth::app
