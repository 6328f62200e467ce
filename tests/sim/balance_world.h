#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/scope.h"
#include "http/access_record.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/proxy.h"
#include "sim/bad_links.h"
#include "sim/trial.h"

namespace berth::sim {

/// One proxy before a service whose instances come, go, fail and die, over links that are late,
/// slow, cut, reset or spoilt at any byte, without a control plane: the scenario itself makes the
/// snapshots and waits for the drains. What must hold:
///
/// 1. Every request that the proxy took ends once, with one record.
/// 2. No request reaches an instance after its drain was acknowledged.
/// 3. What may not be repeated reaches an instance once at most.
/// 4. While at most a tenth of the instances and links fail, every GET is answered with 200; one
///    whose answer had begun when its link broke is broken off, with a record that says so. So are
///    POSTs, which may be answered 502 to 504, but are answered.
/// 5. What is sent is at most 1.2 of what was taken, and what the budget has free.
class BalanceWorld {
 public:
  static constexpr Duration faults_last = 20s;
  static constexpr std::size_t instances_usual = 20;
  static constexpr std::size_t failing_most = instances_usual / 10;

  /// With `drains_lie` a drain is acknowledged at once: to see that it is found.
  BalanceWorld(Trial& trial, bool drains_lie);
  ~BalanceWorld();
  void play();

 private:
  struct Program;
  struct Sink final : proxy::AccessSink {
    explicit Sink(BalanceWorld& world) : world(world) {}
    void note(const http::AccessRecord& record) override;
    BalanceWorld& world;
  };
  struct Nobody final : proxy::CallerFinder {
    std::string find(const Address&, const Address&) override { return "unknown"; }
  };
  struct Plain final : proxy::ListenerSource {
    explicit Plain(Host& host) : host(host) {}
    Deferred<std::unique_ptr<Listener>> listener(Address address) override {
      return resolved<std::unique_ptr<Listener>>(host.network.listen(address));
    }
    void release(const Address&) override {}
    Host& host;
  };

  // What happens.
  void choose_policy();
  void apply();
  void add();
  Deferred<void> drain(std::shared_ptr<Program> program);
  Deferred<void> play_faults();
  void do_something();
  std::vector<std::shared_ptr<Program>> running() const;
  std::size_t failing() const;
  void fail(Program& program);

  // Callers.
  Deferred<void> call();
  Deferred<void> call_once(std::string token, bool post);

  // Looking.
  Deferred<http::ServerResponse> answer(Program& program, http::ServerRequest& request);
  void look_at_the_end();

  Clock& clock() { return here_.clock; }

  Trial& trial_;
  const bool drains_lie_;
  Host& here_;                                               // proxy and callers
  Host& there_;                                              // the instances
  std::map<std::string, std::vector<std::string>> records_;  // by target: how they ended
  std::map<std::string, std::string> executed_;              // POST's token to the instance
  Sink sink_{*this};
  Nobody nobody_;
  Plain plain_;
  BadLinks links_;
  World world_;
  proxy::Proxy proxy_;
  http::Client client_;
  catalog::Service service_;  // without its instances
  std::vector<std::shared_ptr<Program>> programs_;
  std::uint64_t revision_ = 0;
  std::uint64_t calls_ = 0;
  bool calling_ = true;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;                                     // or failed
  std::vector<std::string> with_answer_;                         // their tokens
  std::vector<std::pair<std::string, std::string>> broken_off_;  // others, and why
  Scope scope_;
};

}  // namespace berth::sim
