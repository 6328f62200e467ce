#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "os/descriptor.h"

namespace berth::os {

/// What an instance may use. 0: no limit, no weight.
struct CgroupLimits {
  std::int64_t memory_bytes = 0;    // memory.max, with memory.swap.max 0: the limit
  std::int64_t cpu_millicores = 0;  // cpu.weight: its share while the host is busy, no ceiling
};

/// Where the kernel's cgroups are looked for; tests give other places.
struct CgroupPlaces {
  std::string mounts = "/proc/self/mountinfo";
  std::string own = "/proc/self/cgroup";
};

/// A cgroup of version 2 for the processes of one instance (Linux, admin-guide/cgroup-v2.rst). It
/// is made below the nearest of our own cgroup and those above it where we may write and which
/// hands the controllers on: root's whole tree, or what systemd delegated to a user. Belongs to one
/// thread; destroying it kills what is left in it and removes it.
class Cgroup {
 public:
  /// unsupported or denied: the message is the reason, to be told behind "not enforced: ".
  static Result<std::unique_ptr<Cgroup>> make(const std::string& name, const CgroupLimits& limits,
                                              const CgroupPlaces& places = {});
  /// Removes what a dead process left: kills all that is in it. Fine if it is not there.
  static void clean(const std::string& path);
  ~Cgroup();

  const std::string& path() const { return path_; }
  /// Its cgroup.procs, open for writing: for spawn_process.
  int procs() const { return procs_.get(); }
  bool holds(std::int64_t pid) const;
  /// How many of its processes the kernel killed because the memory limit was reached.
  std::uint64_t out_of_memory_kills() const;

 private:
  Cgroup(std::string path, Descriptor procs) : path_(std::move(path)), procs_(std::move(procs)) {}

  std::string path_;
  Descriptor procs_;
};

}  // namespace berth::os
