#include "os/react.h"

#include <cstdio>
#include <string>
#include <utility>

#include "base/units.h"
#include "os/own_world.h"

namespace berth::os {
namespace {

constexpr int code_failed = 1;
constexpr int code_of_signal = 128;

//     running --main ended--> ended
//        | signal: main is cancelled
//        v
//     stopping --main ended, another signal, deadline--> ended
class Reaction {
 public:
  Reaction(OwnWorld& own, ReactOptions options) : own_(own), options_(options) {}

  int run(Deferred<int> main) {
    main_ = std::move(main).then([this](int code) { own_.reactor.stop(code); },
                                 [this](Error error) { own_.reactor.stop(code_for(error)); });
    Deferred<void> signals = watch_signals();
    return own_.reactor.run();
  }

 private:
  int code_for(const Error& error) const {
    if (stopping_ && error.is(Code::cancelled)) return 0;
    report_unhandled_error(error);
    return code_failed;
  }

  Deferred<void> watch_signals() {
    int signal = co_await own_.signals.next();
    stopping_ = true;
    main_.cancel();
    auto second =
        co_await with_timeout(own_.reactor, options_.stop_timeout, own_.signals.next()).result();
    std::string why = second.ok() ? "a second signal came"
                                  : "it took longer than " + format_duration(options_.stop_timeout);
    std::string line = "stopped before its work had ended: " + why + "\n";
    std::fputs(line.c_str(), stderr);
    own_.reactor.stop(code_of_signal + signal);
  }

  OwnWorld& own_;
  ReactOptions options_;
  bool stopping_ = false;
  Deferred<void> main_;
};

}  // namespace

int react(std::move_only_function<Deferred<int>(World&)> main, ReactOptions options) {
  OwnWorld own(options.worker_threads);
  return Reaction(own, options).run(main(own.world));
}

int react(std::move_only_function<Deferred<void>(World&)> main, ReactOptions options) {
  auto coded = [&main](World& world) -> Deferred<int> {
    return main(world).then([] { return 0; });
  };
  return react(std::move_only_function<Deferred<int>(World&)>(std::move(coded)), options);
}

}  // namespace berth::os
