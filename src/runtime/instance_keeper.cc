#include "runtime/instance_keeper.h"

#include <algorithm>

#include "async/clock.h"
#include "async/random.h"
#include "base/id.h"
#include "base/strings.h"
#include "base/units.h"
#include "base/utf8.h"
#include "runtime/instance_environment.h"
#include "runtime/log_tail.h"

namespace berth::runtime {
namespace {

constexpr std::size_t why_bytes_max = 500;
constexpr Duration prepared_at_once = 50ms;  // longer, and it is told that it is being prepared
constexpr Duration progress_pause = 500ms;
constexpr Duration ran_well = 1min;
constexpr std::size_t last_lines = 30;  // that are looked at for why it ended

bool tells_of_a_fault(std::string_view line) {
  std::string small = lower(line);
  for (auto word : {"error", "panic", "fatal", "exception", "cannot", "not found", "denied"}) {
    if (small.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

InstanceKeeper::InstanceKeeper(KeeperParts& parts, std::string service, std::uint32_t number)
    : parts_(parts), id_(service + "/" + std::to_string(number)) {
  record_.service = std::move(service);
  record_.number = number;
  // What was registered goes on: restarts count on, a state that still holds is not new.
  auto& all = parts.mirror.state().instances;
  auto of_service = all.find(record_.service);
  if (of_service == all.end()) return;
  auto found = of_service->second.find(number);
  if (found == of_service->second.end() || found->second.host != parts.options.host) return;
  record_ = found->second;
  registered_ = true;
  if (record_.state != State::stopped && record_.state != State::pending) {
    attempts_ = record_.restarts + 1;
  }
}

void InstanceKeeper::adopt(std::unique_ptr<RunningInstance> instance) {
  instance_ = std::move(instance);
  const LaunchSpec& spec = instance_->spec();
  parts_.ports.take(spec.port, id_);
  if (record_.incarnation != spec.incarnation) {  // it started, and nobody could register it
    record_.state = State::starting;
    record_.why = "";
    record_.since = parts_.world.clock.wall();
    record_.restarts = attempts_;
    ++attempts_;
  }
  record_.incarnation = spec.incarnation;
  record_.version = spec.version;
  record_.generation = spec.generation;
  record_.host = parts_.options.host;
  record_.address = address_of(spec);
  record_.pid = instance_->pid();
  was_healthy_ = record_.state != State::starting;
}

Address InstanceKeeper::address_of(const LaunchSpec& spec) const {
  if (!spec.service.has_port) return {};
  return Address::parse(parts_.options.address).value_or(Address()).with_port(spec.port);
}

void InstanceKeeper::begin() {
  if (!std::exchange(begun_, true)) scope_.add(run());
}

void InstanceKeeper::assign(std::optional<placement::Assignment> assignment) {
  target_ = std::move(assignment);
  look();
}

void InstanceKeeper::look() {
  while (!news_.empty()) news_.wake();
}

bool InstanceKeeper::still(const placement::Assignment& target) const {
  return wanted() && target_->version == target.version && target_->generation == target.generation;
}

bool InstanceKeeper::right_one() const {
  return wanted() && instance_->spec().version == target_->version &&
         instance_->spec().generation == target_->generation;
}

const placement::ServiceSpec* InstanceKeeper::spec_of(const placement::Assignment& target) const {
  auto& services = parts_.mirror.state().services;
  auto service = services.find(target.service);
  if (service == services.end()) return nullptr;
  const placement::Version* version = service->second.version(target.version);
  return version ? &version->spec : nullptr;
}

Driver* InstanceKeeper::driver_for(const placement::ServiceSpec& service) const {
  return service.source == placement::ServiceSpec::Source::command ? &parts_.process
                                                                   : parts_.docker;
}

Deferred<void> InstanceKeeper::run() {
  for (;;) {
    if (instance_) {
      co_await tend();
    } else if (wanted()) {
      co_await launch();
    } else {
      co_await leave();
    }
  }
}

Deferred<void> InstanceKeeper::news(Duration most) {
  auto came = co_await with_timeout(parts_.world.clock, most, news_.wait()).result();
  if (!came.ok() && !came.error().is(Code::timed_out)) {
    co_await fail_with(came.error());
  }
}

// Starting ----------------------------------------------------------------------------------------

Deferred<void> InstanceKeeper::launch() {
  placement::Assignment target = *target_;
  const placement::ServiceSpec* found = spec_of(target);
  if (!found) {
    note(State::pending, "version " + std::to_string(target.version) + " of " + target.service +
                             " is not known here yet");
    co_await news_.wait();
    co_return;
  }
  placement::ServiceSpec service = *found;
  bool container = service.source != placement::ServiceSpec::Source::command;
  if (container && !parts_.docker_why.empty() && record_.pid != 0) {
    co_await news_.wait();  // it may run: Docker has not been asked yet
    co_return;
  }
  begin_attempt(target);
  if (container && (!parts_.docker || !parts_.docker_why.empty())) {
    std::string why = parts_.docker_why.empty() ? "there is no Docker here" : parts_.docker_why;
    co_await start_failed(target, Error(Code::unavailable, std::move(why)));
    co_return;
  }
  auto started = co_await start(target, std::move(service)).result();
  if (started.ok()) co_return;
  if (started.error().is(Code::cancelled)) co_await fail_with(started.error());
  co_await start_failed(std::move(target), std::move(started).error());
}

void InstanceKeeper::begin_attempt(const placement::Assignment& target) {
  if (record_.version != target.version || record_.generation != target.generation) {
    attempts_ = 0;
    pause_ = 0s;
  }
  record_.version = target.version;
  record_.generation = target.generation;
  record_.host = parts_.options.host;
  record_.restarts = attempts_++;
}

/// False: something else is wanted meanwhile.
Deferred<bool> InstanceKeeper::prepare(placement::Assignment target,
                                       placement::ServiceSpec service) {
  auto done = std::make_shared<std::optional<Result<void>>>();
  scope_.add(prepare_in_background(*driver_for(service), service, target.version, done));
  MonotonicTime tell_at = parts_.world.clock.now() + prepared_at_once;
  while (!*done) {
    if (!still(target)) co_return false;
    Duration left = tell_at - parts_.world.clock.now();
    if (left > 0s) {
      co_await news(left);
      continue;
    }
    std::string line = parts_.preparations.line(service.name, target.version);
    bool first = record_.state != State::failed;  // of one that failed it stands how
    if (first)
      note(State::pending, line.empty() ? "is being prepared" : "is being prepared: " + line);
    tell_at = parts_.world.clock.now() + progress_pause;
  }
  co_await or_return(std::move(**done));
  co_return still(target);
}

Deferred<void> InstanceKeeper::prepare_in_background(
    Driver& driver, placement::ServiceSpec service, std::uint64_t version,
    std::shared_ptr<std::optional<Result<void>>> done) {
  *done = co_await parts_.preparations.prepare(driver, service, version).result();
  look();
}

Deferred<void> InstanceKeeper::start(placement::Assignment target, placement::ServiceSpec service) {
  bool go_on = co_await prepare(target, service);
  if (!go_on) co_return;
  LaunchSpec launch;
  launch.id = id_;
  launch.incarnation =
      make_id(parts_.world.clock.wall(), parts_.world.random.next(), parts_.world.random.next());
  launch.version = target.version;
  launch.generation = target.generation;
  launch.port = co_await or_return(parts_.ports.choose(service, id_));
  launch.env = instance_environment(parts_.mirror.state(), parts_.options, service, id_,
                                    target.version, launch.port);
  launch.hosts_path = parts_.hosts_path;
  launch.service = std::move(service);
  Driver* driver = driver_for(launch.service);
  LaunchSpec kept = launch;
  launched_ = parts_.world.clock.wall();
  launched_.nanoseconds -= launched_.nanoseconds % 1'000'000;  // logs have milliseconds
  starting_ = true;
  auto started = co_await driver->start(std::move(launch)).result();
  starting_ = false;
  if (!started.ok()) {
    parts_.ports.give_back(kept.port, id_);
    co_await fail_with(started.error());
  }
  instance_ = std::move(*started);
  was_healthy_ = false;
  record_.incarnation = kept.incarnation;
  record_.address = address_of(kept);
  record_.pid = instance_->pid();
  note(State::starting, "");
}

Deferred<void> InstanceKeeper::start_failed(placement::Assignment target, Error error) {
  if (!still(target)) co_return;
  std::string why = cut_text(error.message(), why_bytes_max);
  record_.pid = 0;
  note(State::failed, why);
  Duration pause = next_pause(false);
  tell("exit", "bad",
       id_ + " could not be started: " + why + "; it is tried again in " + format_duration(pause));
  co_await rest(pause);
}

// Running -----------------------------------------------------------------------------------------

Deferred<void> InstanceKeeper::tend() {
  exit_.reset();
  over_ = false;
  scope_.add(watch_end(*instance_));
  if (right_one()) check_health();
  while (!exit_ && right_one()) co_await news_.wait();
  checker_.reset();
  bool by_itself = exit_.has_value();
  if (by_itself) {
    forgive();
    record_.pid = 0;
    if (wanted()) note(State::failed, *exit_);  // before all else: nobody is to be sent there
  } else {
    co_await part();
  }
  co_await clear_away();
  if (by_itself) co_await ended_by_itself(*exit_);
}

/// One that was healthy for a while begins anew with its pauses.
void InstanceKeeper::forgive() {
  bool healthy = record_.state == State::healthy;
  if (healthy && parts_.world.clock.wall() - record_.since >= ran_well) pause_ = 0s;
}

Deferred<void> InstanceKeeper::watch_end(RunningInstance& instance) {
  auto how = co_await instance.wait().result();
  if (!how.ok() && how.error().is(Code::cancelled)) co_await fail_with(how.error());
  exit_ = how.ok() ? how->text() : std::string(how.error().message());
  look();
}

void InstanceKeeper::check_health() {
  auto known = HealthChecker::State::starting;
  if (record_.state == State::healthy) known = HealthChecker::State::healthy;
  if (record_.state == State::unhealthy) known = HealthChecker::State::unhealthy;
  if (known == HealthChecker::State::starting) {
    note(State::starting, "");
  } else {
    note(record_.state, record_.why);
  }
  checker_ = std::make_unique<HealthChecker>(
      parts_.world, *instance_, record_.address, known,
      [this](HealthChecker::State state, const std::string& why) { take_health(state, why); });
  checker_->start();
}

void InstanceKeeper::take_health(HealthChecker::State state, const std::string& why) {
  if (exit_ || record_.state == State::draining) return;
  switch (state) {
    case HealthChecker::State::starting:
      return note(State::starting, why);
    case HealthChecker::State::healthy:
      if (record_.state == State::unhealthy) tell("health", "ok", id_ + " is healthy again");
      was_healthy_ = true;
      if (std::exchange(tell_again_, false)) tell("restart", "ok", id_ + " runs again");
      return note(State::healthy, "");
    case HealthChecker::State::unhealthy:
      tell("health", "bad",
           id_ + (was_healthy_ ? " is unhealthy: " : " does not become healthy: ") + why);
      return note(State::unhealthy, why);
  }
}

// Ending ------------------------------------------------------------------------------------------

Deferred<void> InstanceKeeper::part() {
  bool in_use = was_healthy_ && instance_->spec().service.has_port;
  if (!parts_.ending) {
    note(State::draining,
         wanted() ? "makes room for version " + std::to_string(target_->version) : "");
    if (in_use) co_await drain();
  }
  co_await stop();
}

/// Until every balancer has let go of it, or the time for that is over.
Deferred<void> InstanceKeeper::drain() {
  constexpr Duration pause = 20ms;
  // Nobody may be sent to it any more once it is stopped, so this waits for the Store without end.
  auto written = parts_.registrar.written(id_);
  while (written.pending() && !exit_ && !parts_.ending) co_await news(pause);
  if (written.pending()) co_return;
  storage::Revision revision = co_await std::move(written);
  MonotonicTime end = parts_.world.clock.now() + parts_.options.drain_timeout;
  while (!exit_ && !parts_.ending && parts_.world.clock.now() < end &&
         !parts_.drains.drained(id_, record_.incarnation, revision)) {
    co_await news(pause);
  }
}

Deferred<void> InstanceKeeper::stop() {
  if (!exit_) co_await send(SIGTERM);
  MonotonicTime end = parts_.world.clock.now() + parts_.options.stop_grace;
  while (!exit_ && parts_.world.clock.now() < end) {
    co_await news(end - parts_.world.clock.now());
  }
  while (!exit_) {
    parts_.log.info("an instance did not end by TERM and gets KILL", {{"instance", id_}});
    co_await send(SIGKILL);
    if (!exit_) co_await news(2s);
  }
}

Deferred<void> InstanceKeeper::send(int signal) {
  auto sent = co_await instance_->send_signal(signal).result();
  if (!sent.ok() && sent.error().is(Code::cancelled)) co_await fail_with(sent.error());
}

bool InstanceKeeper::kill() {
  if (!instance_ || exit_) return false;
  scope_.add(send(SIGKILL));
  return true;
}

Deferred<void> InstanceKeeper::clear_away() {
  auto removed = co_await instance_->remove().result();
  if (!removed.ok()) {
    if (removed.error().is(Code::cancelled)) co_await fail_with(removed.error());
    parts_.log.warning("something of an ended instance is left",
                       {{"instance", id_}, {"error", removed.error()}});
  }
  parts_.ports.give_back(instance_->spec().port, id_);
  instance_.reset();
  record_.pid = 0;
}

Deferred<void> InstanceKeeper::ended_by_itself(std::string how) {
  bool at_start = !was_healthy_;
  if (at_start) how += co_await last_words();
  if (!wanted()) co_return;
  note(State::failed, cut_text(how, why_bytes_max));
  Duration pause = next_pause(!at_start);
  std::string again = pause == 0s ? "at once" : "in " + format_duration(pause);
  tell("exit", "bad",
       id_ + " ended: " + cut_text(how, why_bytes_max) + "; it is started again " + again);
  co_await rest(pause);
}

Deferred<std::string> InstanceKeeper::last_words() {
  std::size_t slash = id_.rfind('/');
  auto lines = co_await last_log_lines(parts_.world, parts_.options.state_folder,
                                       id_.substr(0, slash), id_, last_lines, launched_)
                   .result();
  if (!lines.ok()) {
    if (lines.error().is(Code::cancelled)) co_return std::move(lines).error();
    co_return std::string();
  }
  std::string_view best;
  bool best_tells = false;
  for (auto& line : *lines) {
    std::string_view text = trim(line.text);
    bool tells = tells_of_a_fault(text);
    if (text.empty() || (best_tells && !tells)) continue;
    best = text;
    best_tells = tells;
  }
  co_return best.empty() ? std::string() : ": " + std::string(best);
}

Duration InstanceKeeper::next_pause(bool ran) {
  Duration pause = pause_ == 0s && !ran ? parts_.options.restart_first : pause_;
  pause_ = std::min(std::max(pause * 2, parts_.options.restart_first), parts_.options.restart_most);
  tell_again_ =
      pause <= parts_.options.restart_first;  // of one that ends again and again it is not
  return pause;
}

Deferred<void> InstanceKeeper::rest(Duration pause) {
  MonotonicTime end = parts_.world.clock.now() + pause;
  placement::Assignment target = *target_;
  while (still(target) && parts_.world.clock.now() < end) {
    co_await news(end - parts_.world.clock.now());
  }
}

/// Nothing runs any more and nothing is wanted: what is registered goes.
Deferred<void> InstanceKeeper::leave() {
  if (parts_.ending) {
    if (registered_ || record_.pid != 0) note(State::stopped, "");
  } else {
    parts_.registrar.remove(record_.service, record_.number);
    registered_ = false;
  }
  auto written = parts_.registrar.written(id_);
  while (written.pending() && !wanted() && !instance_) co_await news(1s);
  over_ = !written.pending();
  attempts_ = 0;
  pause_ = 0s;
  while (!wanted() && !instance_) co_await news_.wait();
  over_ = false;
}

// Telling -----------------------------------------------------------------------------------------

void InstanceKeeper::note(State state, std::string why) {
  if (record_.state != state || record_.since == WallTime{}) {
    record_.since = parts_.world.clock.wall();
  }
  record_.state = state;
  record_.why = std::move(why);
  registered_ = true;
  parts_.registrar.set(record_, target_.has_value());
}

void InstanceKeeper::tell(std::string kind, std::string level, std::string text) {
  placement::FeedEntry entry;
  entry.kind = std::move(kind);
  entry.level = std::move(level);
  entry.service = record_.service;
  entry.text = std::move(text);
  entry.version = record_.version;
  entry.instance = id_;
  parts_.feed.add(std::move(entry));
}

}  // namespace berth::runtime
