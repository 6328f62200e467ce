#pragma once

#include <cstddef>
#include <functional>

#include "async/deferred.h"
#include "async/world.h"
#include "base/time.h"

namespace berth::os {

struct ReactOptions {
  /// How long main may take to stop after SIGINT, SIGTERM or SIGHUP.
  Duration stop_timeout = 10s;
  std::size_t worker_threads = 2;
};

/// A whole program around `main`, after Twisted's task.react: makes the real world (reactor,
/// network, disk, processes, random, workers), runs main to its end and returns the exit code.
///
///     what happens                              exit code
///     main answers                              its int; 0 for Deferred<void>
///     main fails                                1; the error is reported as unhandled
///     a signal, and main ends with `cancelled`  0: it was told to stop, and did
///     a second signal, or the deadline          128 + the first signal; main is dropped
///
/// A signal cancels main; what it must still wait for then, it shields (async/shield.h). The
/// signals are blocked meanwhile, so it is called before any thread is made, and once at a time. At
/// the end it waits for what workers have taken.
int react(std::move_only_function<Deferred<int>(World&)> main, ReactOptions options = {});
int react(std::move_only_function<Deferred<void>(World&)> main, ReactOptions options = {});

}  // namespace berth::os
