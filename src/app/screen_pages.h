#pragma once

#include <string>
#include <vector>

#include "app/chart.h"
#include "app/terminal.h"
#include "base/json.h"

// The pages of the live screen below its first one, as lines (app/screen_model.h).

namespace berth::app {

/// A service in full, from GET /v1/services/NAME: how it does, instances, paths, statuses,
/// rollouts, slow requests. `medians` are those of the last seconds.
std::vector<std::string> inspect_lines(const Json& service, const Json& now, const Points& medians,
                                       const Style& style);
/// What the keys do. `stops_system`: leaving ends every instance.
std::vector<std::string> help_lines(bool stops_system, const Style& style);
/// The services that fit what was typed, one marked.
std::vector<std::string> choose_lines(const std::string& question, const std::string& typed,
                                      const std::vector<Json>& services, std::size_t marked,
                                      const Style& style);

}  // namespace berth::app
