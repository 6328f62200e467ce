#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/streams/core.h"

namespace berth::observe::streams {

/// What a streams file says (docs/formats/streams.md).
struct StreamsFile {
  std::vector<NamedSpec> streams;
  std::vector<std::string> scripts;  // Lua, beside the file; see add_script()
  StreamLimits limits;
};

/// Reads one. invalid: all that is wrong with it, a line each, "streams.toml:3:9: ...".
Result<StreamsFile> read_streams_file(std::string_view text, const std::string& name);
/// Puts the streams of one of its scripts behind the others. invalid: "streams.lua:3: ...".
Result<void> add_script(StreamsFile& file, std::string_view text, const std::string& name);

}  // namespace berth::observe::streams
