#include "runtime/health_check.h"

#include <set>

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "base/units.h"

namespace berth::runtime {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;  // of a check's answer that are read

std::string listed(const std::set<std::uint16_t>& ports) {
  std::string out;
  for (auto port : ports) out += (out.empty() ? "" : ", ") + std::to_string(port);
  return out;
}

bool is_timeout(const Error& error) { return error.is(Code::timed_out); }

}  // namespace

std::string listens_elsewhere(const LaunchSpec& spec, const Address& wanted,
                              const Listening& listening) {
  std::set<std::uint16_t> ports;
  for (auto& address : listening.on) {
    ports.insert(address.port());
    if (address.port() != wanted.port()) continue;
    bool any = address.ip_text() == "0.0.0.0" || address.ip_text() == "::";
    if (any || address == wanted) return "";
    return spec.id + " listens on " + address.text() + " only: let it listen on " +
           wanted.ip_text() + " or 0.0.0.0 ($HOST says where)";
  }
  if (ports.empty()) {
    std::set<std::uint16_t> exposed(listening.exposed.begin(), listening.exposed.end());
    if (exposed.empty() || exposed.contains(wanted.port())) return "";
    return "nothing listens on " + wanted.text() + " yet; the image of " + spec.id + " exposes " +
           listed(exposed) +
           ": let it read $PORT, or write port = " + std::to_string(*exposed.begin());
  }
  std::string found = spec.id + " listens on " + listed(ports) + ", but ";
  std::string write = "write port = " + std::to_string(*ports.begin());
  if (spec.service.port != 0) {
    return found + "port = " + std::to_string(spec.service.port) + " is written: " + write;
  }
  return found + "$PORT was " + std::to_string(spec.port) + ": let it read $PORT, or " + write;
}

HealthChecker::HealthChecker(World& world, RunningInstance& instance, Address address, State state,
                             Told told)
    : world_(world),
      instance_(instance),
      address_(std::move(address)),
      check_(instance.spec().service.health),
      tally_(check_, state, world.clock.now()),
      told_(std::move(told)),
      // Each check has a connection of its own: one that is kept would occupy a program that serves
      // one at a time.
      client_(world.clock, world.network,
              {.connect_timeout = check_.timeout, .idle_per_address_max = 0}),
      told_at_(world.clock.now()),
      looked_at_(world.clock.now()) {
  if (address_.family() == Address::Family::none &&
      check_.kind != placement::HealthCheck::Kind::command) {
    check_.kind = placement::HealthCheck::Kind::process;
  }
}

Deferred<void> HealthChecker::run() {
  for (;;) {
    std::string why = co_await check();
    bool passed = why.empty();
    tell(tally_.add(passed, std::move(why), world_.clock.now()));
    if (check_.kind == placement::HealthCheck::Kind::process && passed &&
        tally_.state() == State::healthy) {
      co_return;  // its end is told by other means
    }
    Duration pause = tally_.pause(world_.clock.now());
    double jitter = tally_.state() == State::starting ? 1 + world_.random.unit()
                                                      : 0.9 + 0.2 * world_.random.unit();
    co_await world_.clock.after(
        Duration(static_cast<std::int64_t>(static_cast<double>(pause.count()) * jitter)));
  }
}

void HealthChecker::tell(bool changed) {
  bool news = tally_.state() == State::starting && tally_.why() != told_why_ &&
              world_.clock.now() - told_at_ >= why_pause;
  if (!changed && !news) return;
  told_why_ = tally_.why();
  told_at_ = world_.clock.now();
  told_(tally_.state(), told_why_);
}

Deferred<std::string> HealthChecker::check() {
  auto why = co_await with_timeout(world_.clock, check_.timeout, check_once()).result();
  if (why.ok()) co_return std::move(*why);
  if (!is_timeout(why.error())) co_return std::move(why).error();
  std::string most = " within " + format_duration(check_.timeout);
  switch (check_.kind) {
    case placement::HealthCheck::Kind::http:
      co_return "GET " + check_.target + " did not answer" + most;
    case placement::HealthCheck::Kind::command:
      co_return "`" + check_.target + "` did not end" + most;
    default:
      co_return address_.text() + " did not accept a connection" + most;
  }
}

Deferred<std::string> HealthChecker::check_once() {
  switch (check_.kind) {
    case placement::HealthCheck::Kind::http:
      return check_http();
    case placement::HealthCheck::Kind::tcp:
      return check_tcp();
    case placement::HealthCheck::Kind::command:
      return check_command();
    case placement::HealthCheck::Kind::process:
      break;
  }
  return ready(std::string());
}

Deferred<std::string> HealthChecker::check_http() {
  http::Request request;
  request.target = check_.target;
  request.headers = {{"connection", "close"}, {"user-agent", "berth-health-check"}};
  auto answer = co_await client_.send(address_, std::move(request), check_.timeout).result();
  if (!answer.ok()) {
    Error error = std::move(answer).error();
    if (error.is(Code::refused)) co_return co_await nobody_listens();
    if (error.is(Code::cancelled) || is_timeout(error)) co_return error;
    co_return "GET " + check_.target + ": " + std::string(error.message());
  }
  int status = answer->status();
  // Read on a little, so that a program that is still writing is not reset.
  (void)co_await answer->text(answer_bytes_max).result();
  if (status >= 200 && status < 400) co_return std::string();
  co_return "GET " + check_.target + " answered " + std::to_string(status);
}

Deferred<std::string> HealthChecker::check_tcp() {
  auto stream = co_await world_.network.connect(address_).result();
  if (stream.ok()) co_return std::string();
  if (stream.error().is(Code::refused)) co_return co_await nobody_listens();
  if (stream.error().is(Code::cancelled)) co_return std::move(stream).error();
  co_return std::string(stream.error().message());
}

Deferred<std::string> HealthChecker::check_command() {
  auto how = co_await instance_.execute(check_.target).result();
  if (!how.ok()) {
    if (how.error().is(Code::cancelled)) co_return std::move(how).error();
    co_return "`" + check_.target + "`: " + std::string(how.error().message());
  }
  co_return how->good() ? std::string() : "`" + check_.target + "` ended with " + how->text();
}

Deferred<std::string> HealthChecker::nobody_listens() {
  if (world_.clock.now() - looked_at_ >= why_pause) {  // looking costs milliseconds
    looked_at_ = world_.clock.now();
    auto listening = co_await instance_.listening().result();
    elsewhere_ = listening.ok() ? listens_elsewhere(instance_.spec(), address_, *listening) : "";
  }
  if (!elsewhere_.empty()) co_return elsewhere_;
  co_return "nothing listens on " + address_.text() +
      (tally_.state() == State::starting ? " yet" : "");
}

}  // namespace berth::runtime
