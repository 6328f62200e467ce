#pragma once

#include <string>

#include "app/terminal.h"
#include "base/json.h"

namespace berth::app {

/// The first screen of `berth dev` from the state that GET /v1/state answers (docs/formats/api.md):
/// one sentence, the addresses, the services, what is wrong and why, what to try, the keys.
std::string first_screen(const Json& state, const Style& style, bool with_keys);

/// The services as a table: `berth top` and the middle of the first screen.
std::string services_table(const Json& state, const Style& style);
/// The instances as a table: `berth ps`; with `why`, the reasons too (`berth ps -v`).
std::string instances_table(const Json& state, const Style& style, bool why);

/// "12.3", "0.4", "-": requests per second.
std::string rate_text(const Json& value);
/// "1.2 %", "-" where nothing was counted.
std::string share_text(const Json& value);
/// "3.1 ms" from seconds, "-" where nothing was measured.
std::string seconds_text(const Json& value);

}  // namespace berth::app
