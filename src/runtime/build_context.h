#pragma once

#include <string>
#include <vector>

#include "async/disk.h"
#include "runtime/tar_source.h"

namespace berth::runtime {

inline constexpr std::size_t context_files_max = 200'000;
inline constexpr std::uint64_t context_bytes_max = std::uint64_t{8} << 30;

/// What of a folder goes to Docker for a build: all but what its .dockerignore leaves out;
/// Dockerfile and .dockerignore always. Symbolic links stay links. not_found: there is no
/// Dockerfile; overloaded: more than the limits.
Deferred<std::vector<TarEntry>> build_context(Disk& disk, std::string folder);

}  // namespace berth::runtime
