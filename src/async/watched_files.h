#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "async/world.h"
#include "base/time.h"

namespace berth {

/// Looks for changes of a file and of those that it names, and calls `reload` after one. Editors
/// and renewing tools write in several steps: only what two looks saw the same is read. Belongs to
/// one reactor.
class WatchedFiles {
 public:
  static constexpr Duration look_every = 500ms;

  explicit WatchedFiles(World& world) : world_(world) {}

  /// Which ones they are; may change with each reading.
  void set(std::vector<std::string> paths) { paths_ = std::move(paths); }
  /// Does not end.
  Deferred<void> watch(std::function<Deferred<void>()> reload);

 private:
  /// A number for each file, another one once it changed.
  Deferred<std::map<std::string, std::uint64_t>> versions();

  World& world_;
  std::vector<std::string> paths_;
};

}  // namespace berth
