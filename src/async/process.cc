#include "async/process.h"

#include <cstring>

namespace berth {

std::string ExitStatus::text() const {
  std::string told = "exit " + std::to_string(code);
  if (signal != 0) {
    const char* name = sigabbrev_np(signal);
    told = "killed by signal " + std::to_string(signal) +
           (name ? " (SIG" + std::string(name) + ")" : "");
  }
  return note.empty() ? told : told + ": " + note;
}

}  // namespace berth
