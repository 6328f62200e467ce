// Calls from one reactor to another and back: ReactorGroup::on.
//   handover_berth OUTSTANDING CALLS      prints the CPU time and the wall time of a call, in ns
#include <cstdio>
#include <cstdlib>

#include "async/gather.h"
#include "os/own_world.h"
#include "os/reactor_group.h"
#include "process_time.h"

using namespace berth;

namespace {

Deferred<void> call_often(os::ReactorGroup& group, std::size_t calls) {
  for (std::size_t i = 0; i < calls; ++i) co_await group.on(1, [](World&) { return 1; });
}

Deferred<void> call_all(os::OwnWorld& own, os::ReactorGroup& group, std::size_t outstanding,
                        std::size_t calls) {
  std::vector<Deferred<void>> all;
  for (std::size_t i = 0; i < outstanding; ++i) {
    all.push_back(call_often(group, calls / outstanding));
  }
  co_await gather_results(std::move(all));
  own.reactor.stop();
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::size_t outstanding = std::strtoul(words[1], nullptr, 10);
  std::size_t calls = std::strtoul(words[2], nullptr, 10);
  os::OwnWorld own(1);
  os::ReactorGroup group(own.reactor, own.world, 2);
  bench::ProcessTime begun;
  auto work = call_all(own, group, outstanding, calls);
  own.reactor.run();
  begun.print(calls);
}
