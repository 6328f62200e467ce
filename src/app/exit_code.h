#pragma once

#include "base/error.h"

namespace berth::app {

/// How every command ends, for scripts (berth --help and docs/commands.md say the same).
enum ExitCode : int {
  exit_done = 0,
  exit_failed = 1,       // it did not work out: a deploy that returned, a name that is not there
  exit_usage = 2,        // wrong command line
  exit_unreachable = 3,  // nothing to talk to, or it does not answer
};

inline ExitCode exit_code_of(const Error& error) {
  switch (error.code()) {
    case Code::refused:
    case Code::unavailable:
    case Code::timed_out:
    case Code::reset:
    case Code::closed:
      return exit_unreachable;
    default:
      return exit_failed;
  }
}

}  // namespace berth::app
