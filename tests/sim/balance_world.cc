#include "sim/balance_world.h"

#include <algorithm>

#include "http/retry_budget.h"

namespace berth::sim {

/// One instance.
struct BalanceWorld::Program {
  enum class Way : std::uint8_t { well, status_503, status_500, hangs, resets };
  catalog::Instance instance;
  Way way = Way::well;
  bool ended = false;
  bool drained = false;  // acknowledged
  std::unique_ptr<http::Server> server;
};

BalanceWorld::BalanceWorld(Trial& trial, bool drains_lie)
    : trial_(trial),
      drains_lie_(drains_lie),
      here_(trial.simulation.add_host("here")),
      there_(trial.simulation.add_host("there")),
      plain_(here_),
      links_(here_.network, here_.clock, trial.random),
      world_(here_.world().clock, links_, here_.disk, here_.process, here_.random, here_.workers),
      proxy_(world_, trial.log().named("proxy"), plain_, sink_, nobody_, proxy::ProxyOptions()),
      client_(here_.clock, here_.network) {
  service_.name = "users";
  service_.vip = here_.address(7480);
  choose_policy();
}

BalanceWorld::~BalanceWorld() = default;

void BalanceWorld::choose_policy() {
  auto& policy = service_.policy;
  policy.timeout = 5s;
  policy.connect_timeout = 500ms;
  policy.retry.try_timeout = 1s;
  policy.balance.way = static_cast<catalog::BalancePolicy::Way>(trial_.below(7));
  policy.balance.key = "path";
  policy.balance.slow_start = trial_.chance(0.3) ? 2s : 0s;
  policy.eject.latency_permille = trial_.chance(0.3) ? 10'000 : 0;
  policy.limit.order =
      trial_.chance(0.3) ? catalog::LimitPolicy::Order::lifo : catalog::LimitPolicy::Order::fifo;
  if (trial_.chance(0.3)) policy.in_flight_max = 2;
  trial_.say("way " + std::to_string(static_cast<int>(policy.balance.way)));
}

void BalanceWorld::play() {
  for (std::size_t i = 0; i < instances_usual; ++i) add();
  apply();
  trial_.simulation.run_for(10ms);
  for (int i = 0; i < 4; ++i) scope_.add(call());
  bool over = false;
  scope_.add(play_faults().finally([&] { over = true; }));
  trial_.expect(trial_.simulation.run_until([&] { return over; }, faults_last * 4),
                "the faults do not end");
  calling_ = false;
  trial_.expect(trial_.simulation.run_until([&] { return answered_ == calls_; }, 1min),
                "some request does not end");
  // One whose client is gone ends with its time at the latest.
  trial_.simulation.run_until([&] { return proxy_.requests_in_flight() == 0; }, 10s);
  look_at_the_end();
}

// What happens ------------------------------------------------------------------------------------

void BalanceWorld::apply() {
  auto service = std::make_shared<catalog::Service>(service_);
  for (auto& program : programs_) service->instances.push_back(program->instance);
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->revision = ++revision_;
  service->revision = revision_;
  snapshot->services["users"] = std::move(service);
  proxy_.apply(std::move(snapshot));
}

void BalanceWorld::add() {
  auto program = std::make_shared<Program>();
  static constexpr std::uint16_t first_port = 2000;
  auto port = static_cast<std::uint16_t>(first_port + trial_.below(60'000));
  auto listener = there_.network.listen(there_.address(port));
  if (!listener.ok()) return;
  program->instance.id = "users/" + std::to_string(port);
  program->instance.incarnation = std::to_string(revision_ + 1);
  program->instance.host = "there";
  program->instance.address = there_.address(port);
  program->instance.health = catalog::Health::healthy;
  program->instance.weight = static_cast<std::uint32_t>(1 + trial_.below(3));
  program->server = std::make_unique<http::Server>(
      there_.clock,
      [this, of = program.get()](http::ServerRequest& request) { return answer(*of, request); });
  program->server->serve(std::move(*listener));
  trial_.say(program->instance.id + " begins");
  programs_.push_back(std::move(program));
}

Deferred<void> BalanceWorld::drain(std::shared_ptr<Program> program) {
  trial_.say(program->instance.id + " drains");
  program->instance.health = catalog::Health::draining;
  apply();
  std::string name = program->instance.id + "@" + program->instance.incarnation;
  for (;;) {
    auto report = proxy_.report();
    bool flies = std::ranges::find(report.in_flight, name) != report.in_flight.end();
    if (!flies || drains_lie_) break;
    co_await clock().after(5ms);
  }
  program->drained = true;
  trial_.say(program->instance.id + " is drained");
  co_await clock().after(trial_.between(0ms, 500ms));
  program->ended = true;
  program->server = nullptr;
  std::erase(programs_, program);
  apply();
}

std::vector<std::shared_ptr<BalanceWorld::Program>> BalanceWorld::running() const {
  std::vector<std::shared_ptr<Program>> found;
  for (auto& program : programs_) {
    if (!program->ended && program->instance.health == catalog::Health::healthy)
      found.push_back(program);
  }
  return found;
}

std::size_t BalanceWorld::failing() const {
  return static_cast<std::size_t>(std::ranges::count_if(programs_, [this](auto& each) {
    return each->ended || each->way != Program::Way::well ||
           links_.way_of(each->instance.address) != BadLinks::Way::good;
  }));
}

Deferred<void> BalanceWorld::play_faults() {
  MonotonicTime end = trial_.simulation.now() + faults_last;
  while (trial_.simulation.now() < end && !trial_.found()) {
    co_await clock().after(trial_.between(20ms, 1s));
    do_something();
  }
}

void BalanceWorld::do_something() {
  auto all = running();
  if (all.size() < instances_usual) {
    add();
    return apply();
  }
  auto program = all[trial_.below(all.size())];
  switch (trial_.below(8)) {
    case 0:
    case 1:
      scope_.add(drain(std::move(program)));
      break;
    case 2:  // nobody knows it yet
      if (failing() >= failing_most) return;
      trial_.say(program->instance.id + " dies");
      program->ended = true;
      program->server = nullptr;
      break;
    case 3:
      std::erase_if(programs_, [](auto& each) {
        return each->ended && each->instance.health == catalog::Health::healthy;
      });
      apply();
      break;
    case 4:
      if (failing() >= failing_most) return;
      program->way = static_cast<Program::Way>(1 + trial_.below(4));
      trial_.say(program->instance.id + " fails in way " +
                 std::to_string(static_cast<int>(program->way)));
      break;
    case 5:
    case 6: {
      if (failing() >= failing_most) return;
      auto way = 1 + trial_.below(BadLinks::ways);
      links_.set(program->instance.address, static_cast<BadLinks::Way>(way));
      trial_.say("the link to " + program->instance.id + " fails in way " + std::to_string(way));
      break;
    }
    default:
      for (auto& each : all) {
        each->way = Program::Way::well;
        links_.set(each->instance.address, BadLinks::Way::good);
      }
  }
}

// Callers -----------------------------------------------------------------------------------------

Deferred<void> BalanceWorld::call() {
  while (calling_) {
    co_await clock().after(trial_.between(1ms, 60ms));
    scope_.add(call_once("/call" + std::to_string(++calls_), trial_.chance(0.3)));
  }
}

Deferred<void> BalanceWorld::call_once(std::string token, bool post) {
  http::Request request;
  request.method = post ? "POST" : "GET";
  request.target = token;
  if (post) request.body = http::Body(std::string("order"));
  auto answer = co_await client_.send(service_.vip, std::move(request), 20s).result();
  ++answered_;
  // What failed without an answer may have come to a connection that the proxy had just ended.
  auto whole = answer.ok() ? co_await answer->text().result() : Result<std::string>("");
  if (answer.ok()) with_answer_.push_back(token);
  if (drains_lie_) co_return;
  if (!answer.ok() || !whole.ok()) {
    auto& error = answer.ok() ? whole.error() : answer.error();
    broken_off_.emplace_back(token, error.text());
  } else if (!post && answer->status() != 200 && answer->status() != 500) {
    // 500 is the program's own word, which is passed on.
    trial_.wrong("GET " + token + " is answered " + std::to_string(answer->status()) + " " +
                 std::string(answer->headers().value("x-berth-reason")));
  }
}

// Looking -----------------------------------------------------------------------------------------

Deferred<http::ServerResponse> BalanceWorld::answer(Program& program,
                                                    http::ServerRequest& request) {
  ++sent_;
  std::string token(request.head.target);
  std::string id = program.instance.id;
  if (program.drained)
    trial_.wrong("request " + token + " came to " + id + " after its drain was acknowledged");
  if (request.head.method == "POST") {
    auto [before, fresh] = executed_.insert({token, id});
    if (!fresh) trial_.wrong("POST " + token + " came to " + before->second + " and " + id);
  }
  auto way = program.way;
  co_await there_.clock.after(trial_.between(0ms, trial_.chance(0.02) ? 300ms : 20ms));
  if (way == Program::Way::hangs) co_await there_.clock.after(1h);
  if (way == Program::Way::resets) co_return Error(Code::reset, "as it was told to");
  int status = way == Program::Way::status_503 ? 503 : way == Program::Way::status_500 ? 500 : 200;
  co_return http::ServerResponse::text(id, status);
}

void BalanceWorld::Sink::note(const http::AccessRecord& record) {
  std::string target(record.target);
  auto& ends = world.records_[target];
  ends.emplace_back(record.termination, 4);
  if (ends.size() > 1) world.trial_.wrong("a second record of " + target);
}

void BalanceWorld::look_at_the_end() {
  trial_.expect(calls_ > 200, "hardly anything was asked");
  for (auto& token : with_answer_) {
    trial_.expect(records_.contains(token), token + " was answered, and has no record");
  }
  for (auto& [token, why] : broken_off_) {
    auto& ends = records_[token];
    bool begun = !ends.empty() && (ends[0].starts_with("SD") || ends[0].starts_with("sD"));
    trial_.expect(begun,
                  token + " failed: " + why + ", its record: " + (ends.empty() ? "none" : ends[0]));
  }
  trial_.expect(proxy_.requests_in_flight() == 0, "something is still in flight");
  double seconds = static_cast<double>((faults_last * 2).count()) / 1e9;
  double free = 10 + http::RetryBudget::per_second_free * seconds;
  double most = 1.2 * static_cast<double>(calls_) + free;
  trial_.expect(static_cast<double>(sent_) <= most,
                std::to_string(sent_) + " were sent of " + std::to_string(calls_));
}

}  // namespace berth::sim
