#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "observe/alone/telling.h"
#include "observe/inputs/input_reader.h"
#include "observe/logs/log_store.h"
#include "observe/parse/pipeline.h"

namespace berth::observe {

/// What observe.toml says (docs/formats/observe.md).
struct ObserveFile {
  std::string data;     // absolute
  Address listen;       // the HTTP API
  std::string streams;  // absolute; empty: every event is indexed
  Duration stop_grace = 10s;
  std::size_t series_max = 1'000'000;
  Duration kept = 15 * 24h;
  Duration rollups_kept = 400 * 24h;
  LineQueueLimits queue;                // takes effect with a start
  std::optional<LogStoreOptions> logs;  // takes effect with a start; its folder is not set
  std::vector<InputSpec> inputs;
  std::map<std::string, Pipeline, std::less<>> pipelines;
  TellingFile telling;  // [[output]], [alerts], [[alert]], [[objective]], [[kpi]]
};

/// What reading one may ask for besides; both block.
struct ObserveFileSources {
  ReadFile read;
  std::function<Result<TimeZone>(const std::string&)> zone;  // of the time zone database
};

/// Reads it with all files that it names, whose paths are relative to `folder`. Blocks as its
/// sources do, so it belongs on a worker. invalid: all that is wrong, a line each,
/// "observe.toml:12:9: ...".
Result<ObserveFile> read_observe_file(std::string_view text, const std::string& name,
                                      const std::string& folder, const ObserveFileSources& sources);

}  // namespace berth::observe
