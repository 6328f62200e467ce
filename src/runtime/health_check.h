#pragma once

#include <functional>
#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "http/client.h"
#include "runtime/driver.h"
#include "runtime/health_tally.h"

namespace berth::runtime {

/// Asks an instance again and again whether it is well, as its service says (HTTP, TCP, command,
/// process), and tells each change. A check that takes longer than its timeout has failed; the next
/// one comes an interval after its end, with a jitter of a tenth. One that finds nobody listening
/// looks whether the instance listens elsewhere than it said. Belongs to one reactor; the instance
/// outlives it. `told` may not destroy it.
class HealthChecker {
 public:
  using State = HealthTally::State;
  /// The state and, unless healthy, why: a sentence. Called when the state changes, and while it
  /// starts when the sentence does, at most once in `why_pause`.
  using Told = std::function<void(State, const std::string& why)>;
  static constexpr Duration why_pause = 1s;

  /// `address`: where it is to listen. `state`: what was known before, of an instance that was
  /// found again.
  HealthChecker(World& world, RunningInstance& instance, Address address, State state, Told told);
  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run();
  void tell(bool changed);
  /// Empty: it passed; else why not.
  Deferred<std::string> check();
  Deferred<std::string> check_once();
  Deferred<std::string> check_http();
  Deferred<std::string> check_tcp();
  Deferred<std::string> check_command();
  Deferred<std::string> nobody_listens();

  World& world_;
  RunningInstance& instance_;
  Address address_;
  placement::HealthCheck check_;
  HealthTally tally_;
  Told told_;
  http::Client client_;
  std::string told_why_;
  MonotonicTime told_at_;
  MonotonicTime looked_at_;  // when it was last looked where it listens
  std::string elsewhere_;    // what was found then
  Scope scope_;
};

/// "orders/1 listens on 8000, but $PORT was 23411: let it read $PORT, or write port = 8000"; empty
/// if there is nothing to tell: it listens as it should, or nowhere.
std::string listens_elsewhere(const LaunchSpec& spec, const Address& wanted,
                              const Listening& listening);

}  // namespace berth::runtime
