#pragma once

#include <memory>
#include <vector>

#include "async/wait_list.h"
#include "os/reactor.h"

namespace berth::os {

/// Signals of the process as Deferreds on a Reactor. From its construction to its end they are
/// blocked in this thread and those made later, so it is made before any other thread; children get
/// none of it. One a process.
class Signals final : Watched {
 public:
  Signals(Reactor& reactor, std::vector<int> numbers);
  ~Signals();

  /// The next signal's number; those that came while nobody waited come first.
  Deferred<int> next();

 private:
  void on_events(std::uint32_t) override;

  Reactor& reactor_;
  Descriptor fd_;
  std::vector<int> numbers_;
  std::vector<int> arrived_;
  WaitList<int> waiting_;
};

}  // namespace berth::os
