#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "http/client.h"
#include "sim/cluster_processes.h"
#include "storage/memory_store.h"

namespace berth::sim {

/// How bad the days of a trial are.
enum class Weather : std::uint8_t {
  changes,  // deploys, scaling, rollbacks, restarts: every request is answered
  kills,    // and instances, agents and the server are killed: every GET is answered
  storms,   // and hosts lose power, wires are cut, proxies are killed, hosts stall
};

/// A cluster: a store, a server, and hosts that each have an agent, a proxy and a caller. What must
/// hold:
///
/// 1. When the faults end, what runs becomes what is wanted: that many instances of the target
///    version, healthy, each on the host that it is assigned to, and nothing else.
/// 2. No request reaches an instance after its drain was acknowledged, from a proxy that counted
///    then.
/// 3. A request that may not be repeated reaches an instance once at most.
/// 4. What the weather says is answered; when the faults are over, everything is.
class ClusterWorld {
 public:
  static constexpr std::size_t agents = 3;
  static constexpr Duration faults_last = 25s;
  static constexpr Duration converges_within = 3min;

  ClusterWorld(Trial& trial, Weather weather, bool drains_lie);
  ~ClusterWorld();
  void play();

 private:
  /// A host with an agent.
  struct Machine;
  struct Drained {
    MonotonicTime at{};
    std::set<std::string> proxies;  // that counted: their reports were fresh
  };

  // What happens.
  void start_server();
  void start_agent(Machine& machine);
  void start_proxy(Machine& machine);
  void start_all();
  Deferred<void> first_deploy();
  Deferred<void> play_weather();
  Deferred<void> do_something();
  Deferred<void> change_something();
  Deferred<storage::Revision> change();
  Deferred<void> kill_something();
  void kill_instance();
  Deferred<void> storm();
  void change_wires();
  Deferred<void> crash(Machine& machine);
  void calm();

  // Callers.
  Deferred<void> call_from(Machine& machine);
  Deferred<void> call_once(Machine& machine, std::string service, bool post);
  void look_at_answer(const std::string& what, bool post, const Result<int>& status);

  // Looking.
  bool drained(Machine& machine, const std::string& id, const std::string& incarnation,
               std::uint64_t revision);
  void request_came(const RunningProgram& program, const http::ServerRequest& request);
  /// What is not as it is wanted; empty: all is.
  bool proxies_follow();
  std::string differs();
  static std::string differs(const placement::DesiredService& service,
                             const placement::ClusterState& state,
                             const std::map<std::string, std::shared_ptr<RunningProgram>>& running);
  Deferred<void> converge();
  Deferred<void> call_all();
  placement::ClusterState state_now() const;
  placement::SystemSpec system() const;
  Clock& clock() { return trial_.simulation.timeline; }
  MonotonicTime now() const { return trial_.simulation.now(); }

  Trial& trial_;
  const Weather weather_;
  const bool drains_lie_;
  Host& store_host_;
  Host& server_host_;
  std::unique_ptr<storage::MemoryStore> store_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::unique_ptr<ServerProcess> server_;
  std::map<std::string, placement::ServiceSpec> file_;  // what is deployed, by service
  std::uint64_t deploys_ = 0;
  std::map<std::string, Address> vips_;
  std::uint64_t calls_ = 0;
  std::map<std::string, Drained> drained_;       // by "id@incarnation"
  std::map<std::string, std::string> executed_;  // POST's token to the instance
  MonotonicTime last_cut_{};
  bool serving_ = false;  // the first deploy has ended: everything is expected to be answered
  bool calling_ = true;
  std::size_t answered_ = 0;
  Scope scope_;
};

}  // namespace berth::sim
