#pragma once

#include <string>

namespace berth::os {

/// The body of `berth shim SPEC`: a process of its own for one instance, which outlives Berth. It
/// reads the spec (docs/formats/shim.md), binds a hosts file over /etc/hosts where the system lets
/// it, starts the program in its own process group, owns its output and rotates the log, and
/// answers on a Unix socket until it is told to forget. Single-threaded, on poll(2); it stops
/// nothing by itself, but when it is killed its program is killed too. Returns the exit code.
int run_shim(const std::string& spec_path);

}  // namespace berth::os
