#pragma once

#include <string>

namespace berth::os {

/// The body of `berth shim SPEC`: a process of its own for one instance, which outlives Berth
/// (docs/formats/shim.md). It binds a hosts file over /etc/hosts and makes a cgroup where the
/// system lets it, starts the program in its own process group, owns its output and rotates the
/// log, and answers on a Unix socket until it is told to forget. When it is killed its program is
/// killed too; run again on the same spec it then only ends what the program left behind.
/// Single-threaded, on poll(2). Returns the exit code: 0 done, 1 no control socket, 2 no spec, 3
/// another shim has it.
int run_shim(const std::string& spec_path);

}  // namespace berth::os
