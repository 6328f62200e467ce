#pragma once

#include <string>

#include "async/process.h"

namespace berth::app {

/// Opens an address in the user's browser by xdg-open. False where there is none, or no display:
/// then it is to be shown instead.
Deferred<bool> open_in_browser(Process& process, std::string url);

}  // namespace berth::app
