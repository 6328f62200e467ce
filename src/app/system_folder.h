#pragma once

#include <string>
#include <vector>

#include "app/terminal.h"
#include "base/json.h"
#include "placement/system_file.h"

namespace berth::app {

/// The system file `file` found at or above `from`, with what it includes. The root stands under
/// "berth.toml" whatever its file is called, since that is where the API looks for it. not_found
/// tells where it was looked for, or which included file is missing.
Result<placement::SystemFiles> read_system_folder(const std::string& from, const std::string& file,
                                                  const std::string& environment);

/// The body of POST /v1/plan and /v1/deploy.
std::string deploy_body(const placement::SystemFiles& files,
                        const std::vector<std::string>& services);

/// What is wrong with a system file, each with its line shown:
///     berth.toml:7:1: unknown key 'instnces'; expected a key of a service; did you mean 'x'?
///        7 | instnces = 2
///          | ^
/// `file` is what the root is called on disk.
std::vector<std::string> problem_lines(const Json& problems, const placement::SystemFiles& files,
                                       const std::string& file, const Style& style);

}  // namespace berth::app
