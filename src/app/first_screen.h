#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "base/json.h"
#include "base/time.h"

namespace berth::app {

struct FirstScreenOptions {
  std::size_t rows = 0;  // 0: as many as it takes (a pipe)
  std::string keys;      // the last line; none if empty
  /// What another terminal needs before the commands work: "cd shop". May be empty.
  std::string before;
  /// From the start to the first time that all was healthy; 0: not known.
  Duration took{};
};

/// The first screen of `berth dev` from the state that GET /v1/state answers (docs/formats/api.md):
/// one sentence, the addresses, the services, what is wrong and why, what to try, the keys. Where
/// it does not fit into `rows`, what to try goes first, then the healthiest services.
std::vector<std::string> first_screen(const Json& state, const Style& style,
                                      const FirstScreenOptions& options);

}  // namespace berth::app
