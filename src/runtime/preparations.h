#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "async/scope.h"
#include "async/wait_list.h"
#include "runtime/driver.h"

namespace berth::runtime {

/// Prepares versions of services (builds, pulls, looks for programs), each once however many
/// instances wait for it. Nothing is remembered after the end: what was there may be gone at the
/// next start. Belongs to one reactor.
class Preparations {
 public:
  /// Joins the preparation of that version if one is under way, else begins it.
  Deferred<void> prepare(Driver& driver, const placement::ServiceSpec& service,
                         std::uint64_t version);
  /// The last line that the preparation under way has told; empty if there is none.
  std::string line(const std::string& service, std::uint64_t version) const;
  Deferred<void> close() { return scope_.close(); }

 private:
  using Key = std::pair<std::string, std::uint64_t>;
  struct UnderWay {
    std::string line;
    WaitList<void> waiting;
  };
  Deferred<void> run(Driver& driver, placement::ServiceSpec service, Key key);

  std::map<Key, UnderWay> under_way_;
  Scope scope_;
};

}  // namespace berth::runtime
