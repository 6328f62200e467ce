#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/scope.h"
#include "async/wait_list.h"
#include "runtime/agent.h"
#include "runtime/health_check.h"
#include "runtime/port_choice.h"
#include "runtime/preparations.h"
#include "runtime/registrar.h"

namespace berth::runtime {

/// What the keepers of one agent share; it outlives them.
struct KeeperParts {
  World& world;
  Log log;
  placement::Mirror& mirror;
  placement::Feed& feed;
  DrainGate& drains;
  const AgentOptions& options;
  Driver& process;
  Driver* docker;
  Registrar& registrar;
  Preparations& preparations;
  PortChoice& ports;
  std::string docker_why;  // why Docker cannot be used; empty once its instances were found
  std::string hosts_path;  // empty while it could not be written
  bool ending = false;     // all is to stop
};

/// One instance of this host, from its assignment to the end of its record: a state machine that
/// runs as one coroutine and looks at what is wanted whenever something happens.
///
///     (assigned) --> pending --prepared, started--> starting --passes--> healthy <--> unhealthy
///                       |                              |                    |             |
///                       | fails                        +------- ends -------+-------------+
///                       v                              v
///                     failed <-------------------------+   rests (back-off), then starts again
///
///     (unassigned, another version, all ends) from any that runs:
///                     draining --balancers let go--> TERM --grace--> KILL --> record removed
///
/// Belongs to the agent, on its reactor. Destroying it lets go: what runs runs on.
class InstanceKeeper {
 public:
  InstanceKeeper(KeeperParts& parts, std::string service, std::uint32_t number);

  /// What was found running; only while it has no instance.
  void adopt(std::unique_ptr<RunningInstance> instance);
  /// Nothing if it has begun already.
  void begin();
  Deferred<void> close() { return scope_.close(); }

  /// What is wanted now; none: it is to go.
  void assign(std::optional<placement::Assignment> assignment);
  /// Something that it may wait for has changed.
  void look();
  /// Nothing runs, nothing is wanted, nothing is registered.
  bool over() const { return over_ && !target_ && !instance_; }
  /// Nothing runs, and that is registered.
  bool has_left() const { return over_ && !instance_; }
  /// Something runs or is just being started.
  bool runs() const { return instance_ || starting_; }
  const RunningInstance* instance() const { return instance_.get(); }
  /// KILL. False if nothing runs.
  bool kill();

 private:
  using State = placement::InstanceState;

  bool wanted() const { return target_ && !target_->stop && !parts_.ending; }
  bool still(const placement::Assignment& target) const;
  bool right_one() const;
  const placement::ServiceSpec* spec_of(const placement::Assignment& target) const;

  Deferred<void> run();
  Deferred<void> launch();
  void begin_attempt(const placement::Assignment& target);
  Deferred<bool> prepare(placement::Assignment target, placement::ServiceSpec service);
  Deferred<void> prepare_in_background(Driver& driver, placement::ServiceSpec service,
                                       std::uint64_t version,
                                       std::shared_ptr<std::optional<Result<void>>> done);
  Deferred<void> start(placement::Assignment target, placement::ServiceSpec service);
  Deferred<void> start_failed(placement::Assignment target, Error error);
  Deferred<void> tend();
  void forgive();
  Deferred<void> watch_end(RunningInstance& instance);
  void check_health();
  void take_health(HealthChecker::State state, const std::string& why);
  Deferred<void> part();
  Deferred<void> drain();
  Deferred<void> stop();
  Deferred<void> send(int signal);
  Deferred<void> clear_away();
  Deferred<void> ended_by_itself(std::string how);
  /// The line of its output that says most about its end, behind a colon; or nothing.
  Deferred<std::string> last_words();
  Deferred<void> rest(Duration pause);
  Deferred<void> leave();
  /// Waits for look(), at most so long.
  Deferred<void> news(Duration most);

  void note(State state, std::string why);
  void tell(std::string kind, std::string level, std::string text);
  /// `ran`: it was healthy. 0 for the first of those.
  Duration next_pause(bool ran);
  Address address_of(const LaunchSpec& spec) const;
  Driver* driver_for(const placement::ServiceSpec& service) const;

  KeeperParts& parts_;
  std::string id_;
  placement::InstanceRecord record_;
  bool registered_ = false;  // record_ is what was said last
  std::optional<placement::Assignment> target_;
  std::unique_ptr<RunningInstance> instance_;
  std::unique_ptr<HealthChecker> checker_;
  std::optional<std::string> exit_;  // how the instance ended
  WallTime launched_{};
  bool was_healthy_ = false;    // this incarnation, once
  std::uint32_t attempts_ = 0;  // to start this version and generation
  Duration pause_ = 0s;         // before the restart after the next; grows with each
  bool tell_again_ = false;     // that it runs again
  bool begun_ = false;
  bool starting_ = false;
  bool over_ = false;
  WaitList<void> news_;
  Scope scope_;
};

}  // namespace berth::runtime
