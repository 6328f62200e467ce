#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "observe/parse/pipeline.h"

namespace berth::observe {

/// Reads a parse file (docs/formats/parse.md). invalid: all that is wrong with it, a line each,
/// "parse.toml:3:7: ...".
Result<PipelineSpec> read_pipeline_file(std::string_view text, const std::string& name);

}  // namespace berth::observe
