#include "async/process.h"

#include <cstring>

namespace berth {

std::string ExitStatus::text() const {
  if (signal == 0) return "exit " + std::to_string(code);
  const char* name = sigabbrev_np(signal);
  return "killed by signal " + std::to_string(signal) +
         (name ? " (SIG" + std::string(name) + ")" : "");
}

}  // namespace berth
