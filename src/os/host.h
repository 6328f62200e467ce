#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/descriptor.h"

namespace berth::os {

/// What this process and its host are: asked once at start. Blocking calls, from any thread.
std::string host_name();
std::int64_t host_cpu_millicores();
std::int64_t host_memory_bytes();
/// The path of the running program's file.
std::string own_program();
/// The absolute path of `path` seen from the working directory, with links resolved where it
/// exists.
std::string absolute_path(const std::string& path);
std::vector<std::pair<std::string, std::string>> own_environment();
std::int64_t own_pid();
std::uint32_t own_user();
/// True if a process of that id runs (zombies do not).
bool process_runs(std::int64_t pid);

/// Raises the soft limit of open descriptors to the hard one; returns what it is now.
std::uint64_t raise_descriptor_limit();

/// Takes the lock of a file for as long as the Descriptor lives, and writes our pid into it.
/// in_use: another process holds it; the message says which. Not passed on to children.
Result<Descriptor> lock_file(const std::string& path);

/// The whole of a small file, or not_found and the like.
Result<std::string> read_small_file(const std::string& path);
/// Writes a file that only the user can read (mode 0600), replacing it as a whole.
Result<void> write_private_file(const std::string& path, const std::string& text);
void remove_file(const std::string& path);
Result<void> make_private_folder(const std::string& path);

}  // namespace berth::os
