#include "proxy/gateway/checks.h"

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "base/units.h"

namespace berth::proxy::gateway {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;  // of a check's answer that are read
using catalog::Health;

}  // namespace

bool CheckTally::add(std::string why) {
  bool passed = why.empty();
  Health now = passed ? Health::healthy : Health::unhealthy;
  if (now == health_) {
    in_a_row_ = 0;
    if (!passed) why_ = std::move(why);
    return false;
  }
  std::uint32_t needed = health_ == Health::starting ? 1 : passed ? rise_ : fall_;
  if (++in_a_row_ < needed) return false;
  in_a_row_ = 0;
  health_ = now;
  why_ = std::move(why);
  return true;
}

struct Checks::Checked {
  Checked(Key k, CheckSpec s)
      : key(std::move(k)), spec(std::move(s)), tally(spec.rise, spec.fall) {}
  Key key;
  CheckSpec spec;
  CheckTally tally;
  bool over = false;  // nobody wants to know any more
};

// Each check has a connection of its own: one that is kept would occupy a program that serves one
// at a time.
Checks::Checks(World& world, Log log, std::function<void()> changed)
    : world_(world),
      log_(log),
      changed_(std::move(changed)),
      client_(world.clock, world.network, {.idle_per_address_max = 0}) {}

void Checks::set(const std::vector<FileService>& services) {
  std::map<Key, std::shared_ptr<Checked>> next;
  for (auto& each : services) {
    if (each.check.kind == CheckSpec::Kind::none) continue;
    for (auto& instance : each.service.instances) {
      Key key{each.service.name, instance.address};
      auto found = checked_.find(key);
      if (found != checked_.end() && found->second->spec == each.check) {
        next[key] = found->second;
        continue;
      }
      auto checked = std::make_shared<Checked>(key, each.check);
      // Other rules for an instance that is there already: it stays in until they say otherwise.
      if (found != checked_.end() && found->second->tally.health() == Health::healthy) {
        checked->tally.add("");
      }
      next[key] = checked;
      scope_.add(run(std::move(checked)));
    }
  }
  for (auto& [key, checked] : checked_) {
    auto found = next.find(key);
    if (found == next.end() || found->second != checked) checked->over = true;
  }
  checked_ = std::move(next);
}

void Checks::tell(catalog::Service& service) const {
  for (auto& instance : service.instances) {
    auto found = checked_.find({service.name, instance.address});
    instance.health = found == checked_.end() ? Health::healthy : found->second->tally.health();
    instance.why = found == checked_.end() || instance.health == Health::healthy
                       ? ""
                       : found->second->tally.why();
  }
}

Deferred<void> Checks::run(std::shared_ptr<Checked> checked) {
  const CheckSpec& spec = checked->spec;
  auto& [service, address] = checked->key;
  while (!checked->over) {
    auto asked = with_timeout(world_.clock, spec.timeout, check(spec, address));
    auto result = co_await std::move(asked).result();
    if (checked->over) co_return;
    std::string why;
    if (result.ok()) {
      why = std::move(*result);
    } else if (result.error().is(Code::cancelled)) {
      co_return;
    } else {
      why = "its check took longer than " + format_duration(spec.timeout);
    }
    if (checked->tally.add(std::move(why))) {
      bool healthy = checked->tally.health() == Health::healthy;
      log_.info(healthy ? "an instance is healthy" : "an instance is not healthy",
                {{"service", service}, {"address", address.text()}, {"why", checked->tally.why()}});
      changed_();
    }
    double part = 1 + spec.jitter * (2 * world_.random.unit() - 1);
    co_await world_.clock.after(
        Duration(static_cast<std::int64_t>(static_cast<double>(spec.interval.count()) * part)));
  }
}

/// Empty: it passed; else why not.
Deferred<std::string> Checks::check(const CheckSpec& spec, const Address& address) {
  if (spec.kind == CheckSpec::Kind::http) return check_http(spec, address);
  return world_.network.connect(address).then(
      [](std::unique_ptr<ByteStream>) { return std::string(); },
      [](Error error) -> Result<std::string> {
        if (error.is(Code::cancelled)) return error;
        return std::string(error.message());
      });
}

Deferred<std::string> Checks::check_http(const CheckSpec& spec, const Address& address) {
  http::Request request;
  request.method = spec.method;
  request.target = spec.target;
  request.host = spec.host;
  request.headers = {{"connection", "close"}, {"user-agent", "berth-health-check"}};
  auto asking = client_.send(address, std::move(request), spec.timeout);
  auto answer = co_await std::move(asking).result();
  std::string what = spec.method + " " + spec.target;
  if (!answer.ok()) {
    Error error = std::move(answer).error();
    if (error.is(Code::cancelled) || error.is(Code::timed_out)) co_return error;
    if (error.is(Code::refused)) co_return "nothing listens on " + address.text();
    co_return what + ": " + std::string(error.message());
  }
  int status = answer->status();
  // Read on a little, so that a program that is still writing is not reset.
  auto rest = co_await answer->text(answer_bytes_max).result();
  if (!rest.ok() && rest.error().is(Code::cancelled)) co_return std::move(rest).error();
  if (status >= spec.status_least && status <= spec.status_most) co_return std::string();
  co_return what + " answered " + std::to_string(status);
}

}  // namespace berth::proxy::gateway
