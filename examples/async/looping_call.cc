// Does something each second, three times, then fails or stops:  looping_call [1s] [stop|fail]

#include "async/looping_call.h"

#include <fmt/format.h>

#include "base/units.h"
#include "os/react.h"

using namespace berth;

Deferred<int> run(World& world, Duration interval, bool fail) {
  int calls = 0;
  LoopingCall loop(world.clock, [&](std::uint64_t intervals) -> Result<void> {
    fmt::print("call {} after {} interval(s)\n", ++calls, intervals);
    if (calls == 3 && fail) return Error(Code::io, "the third went wrong");
    if (calls == 3) loop.stop();
    return {};
  });
  co_return co_await loop.start(interval).then(
      [] {
        fmt::print("stopped\n");
        return 0;
      },
      [](Error error) {
        fmt::print("ended: {}\n", error.text());
        return 1;
      });
}

int main(int count, char** words) {
  Result<Duration> interval = parse_duration(count > 1 ? words[1] : "1s");
  if (!interval.ok()) return fmt::print(stderr, "{}\n", interval.error().text()), 2;
  bool fail = count > 2 && std::string_view(words[2]) == "fail";
  return os::react([&](World& world) { return run(world, *interval, fail); });
}
