#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/toml_reader.h"
#include "observe/parse/pipeline.h"

namespace berth::observe {

/// Reads a parse file (docs/formats/parse.md). invalid: all that is wrong with it, a line each,
/// "parse.toml:3:7: ...".
Result<PipelineSpec> read_pipeline_file(std::string_view text, const std::string& name);

/// The same of one table, such as [parse.NAME] of an observe.toml; what is wrong is told by the
/// reader.
PipelineSpec read_pipeline(TomlReader& reader);

}  // namespace berth::observe
