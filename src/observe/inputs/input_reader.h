#pragma once

#include <functional>
#include <string>

#include "base/toml_reader.h"
#include "observe/inputs/input_spec.h"

namespace berth::observe {

/// The content of another file, such as a certificate; its path is absolute.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Reads one `[[input]]`; what is wrong is told by the reader. Relative paths are in `folder`.
InputSpec read_input(TomlReader& reader, const std::string& folder, const ReadFile& read);

}  // namespace berth::observe
