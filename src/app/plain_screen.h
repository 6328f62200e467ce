#pragma once

#include <string>

#include "app/api_client.h"
#include "app/output.h"
#include "base/time.h"

namespace berth::app {

struct PlainOptions {
  std::string before;          // app/first_screen.h
  bool once = false;           // end as soon as all is healthy
  Duration once_limit = 2min;  // or when it is not after so long
  MonotonicTime began{};       // of the system, to tell how long it took; 0: not known
};

/// What `berth dev` writes into a pipe: the first screen once all is healthy, then a line for each
/// entry of the feed; before that only the entries that are not good news. With `once` it resolves
/// with the ExitCode (0 healthy, 1 not so in time), else it follows the API until it is dropped,
/// also over a broken stream.
Deferred<int> show_plainly(Clock& clock, ApiClient& api, Output output, PlainOptions options);

}  // namespace berth::app
