#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml_reader.h"
#include "observe/alerts/alert_file.h"
#include "observe/outputs/output_file.h"

namespace berth::observe {

/// What a file says of whom is told what.
struct TellingFile {
  std::vector<OutputPlan> outputs;
  AlertsFile alerts;
  std::string text;  // of the whole file: where it has changed, all of it is made anew
};

/// Reads [[output]], [alerts], [[alert]], [[objective]], [[kpi]] and [[export]] of `reader`, whose
/// whole text is `text`; paths are relative to `folder`. `defaults`: as read_alerts() has them.
TellingFile read_telling(TomlReader& reader, std::string_view text, const std::string& folder,
                         std::string_view defaults = {});

/// The observe.toml beside a berth.toml: these tables alone. invalid: all that is wrong, a line
/// each, "observe.toml:12:9: ...".
Result<TellingFile> read_telling_file(std::string_view text, const std::string& name,
                                      const std::string& folder, std::string_view defaults);

}  // namespace berth::observe
