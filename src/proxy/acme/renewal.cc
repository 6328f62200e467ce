#include "proxy/acme/renewal.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "async/clock.h"
#include "async/disk.h"
#include "async/random.h"
#include "base/hash.h"
#include "base/timestamp.h"
#include "proxy/acme/account_key.h"
#include "proxy/acme/conversation.h"
#include "proxy/acme/ordering.h"

namespace berth::proxy::acme {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

Duration part_of(Duration whole, double share) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * share));
}

}  // namespace

Renewal::Renewal(Surroundings surroundings, CertificateSpec spec, std::function<void()> on_new)
    : with_(std::move(surroundings)), spec_(std::move(spec)), on_new_(std::move(on_new)) {
  take_stored();
  scope_.add(run());
}

/// What the store had when the file was read; one that is out of date or for other names is shown
/// until the next is there.
void Renewal::take_stored() {
  if (spec_.stored.empty()) return;
  auto pem = pair_of(spec_.stored, spec_.file());
  if (auto readable = validity_of(pem, {}); !readable.ok()) {
    with_.log.warning("the stored certificate cannot be used",
                      {{"file", spec_.file()}, {"error", readable.error()}});
    return;
  }
  auto validity = validity_of(pem, spec_.names);
  if (validity.ok()) validity_ = *validity;
  certificate_ = std::move(pem);
  plan_renewal();
}

void Renewal::plan_renewal() {
  if (!validity_) return;
  Duration life = validity_->until - validity_->from;
  double share = renewed_at + jitter * with_.world.random.unit();
  renew_at_ = validity_->from + part_of(life, share);
}

Renewal::State Renewal::state() const {
  return {validity_, renew_at_, ledger_.failures, error_, issued_};
}

void Renewal::renew_now() {
  asked_for_ = true;
  wake_.set();
}

/// Until something is to be done; zero: now.
Duration Renewal::pause() const {
  WallTime now = with_.world.clock.wall();
  WallTime due = std::max(validity_ ? renew_at_ : WallTime{}, ledger_.next);
  if (asked_for_) due = now;
  if (ledger_.orders.size() >= spec_.orders_per_hour_max) {
    due = std::max(due, ledger_.orders[ledger_.orders.size() - spec_.orders_per_hour_max] + 1h);
  }
  return std::max<Duration>(due - now, 0s);
}

Deferred<void> Renewal::run() {
  std::string path = spec_.folder + "/" + spec_.name + ".json";
  auto text = co_await with_.world.disk.read_file(path, file_bytes_max).result();
  if (text.ok()) {
    auto ledger = read_ledger(*text);
    if (ledger.ok()) {
      ledger_ = std::move(*ledger);
    } else {
      with_.log.warning("what the store counts cannot be read; it begins anew",
                        {{"file", path}, {"error", ledger.error()}});
    }
  }
  if (!ledger_.issued_by.empty() && ledger_.issued_by != spec_.directory) {
    validity_.reset();  // another directory is trusted by others: what it gave does not count
    ledger_.failures = 0;
    ledger_.next = {};
  }
  for (;;) {
    for (Duration wait = pause(); wait > Duration(0); wait = pause()) {
      Duration look = std::min<Duration>(wait, look_every);
      auto waiting = with_timeout(with_.world.clock, look, wake_.wait());
      std::ignore = co_await std::move(waiting).result();
      wake_.reset();
    }
    asked_for_ = false;
    auto trying = attempt();
    co_await std::move(trying);
  }
}

Deferred<void> Renewal::save_ledger() {
  return with_.write(spec_.folder + "/" + spec_.name + ".json", ledger_.text());
}

Deferred<void> Renewal::attempt() {
  std::optional<Duration> told_to_wait;
  auto obtaining = obtain(told_to_wait);
  auto done = co_await std::move(obtaining).result();
  WallTime now = with_.world.clock.wall();
  if (done.ok()) {
    ledger_.failures = 0;
    ledger_.next = {};
    ledger_.issued_by = spec_.directory;
    error_.clear();
    with_.log.info("a certificate was issued and is shown from now on",
                   {{"acme", spec_.name},
                    {"until", write_timestamp(validity_->until, 0)},
                    {"renewed_at", write_timestamp(renew_at_, 0)}});
  } else {
    ++ledger_.failures;
    double doubled = std::ldexp(1.0, static_cast<int>(std::min(ledger_.failures, 20U)) - 1);
    Duration wait =
        std::min<Duration>(part_of(retry_first, std::min(doubled, 10'000.0)), retry_most);
    wait = part_of(wait, 0.75 + 0.5 * with_.world.random.unit());
    wait = std::max(wait, told_to_wait.value_or(0s));
    ledger_.next = now + wait;
    error_ = done.error().text();
    tell_failure(done.error(), std::max(wait, pause()));
  }
  auto saved = co_await save_ledger().result();
  if (!saved.ok()) {
    with_.log.error("the store of certificates cannot be written",
                    {{"folder", spec_.folder}, {"error", saved.error()}});
  }
}

void Renewal::tell_failure(const Error& error, Duration wait) const {
  bool good = validity_ && validity_->until > with_.world.clock.wall();
  std::string until = good ? write_timestamp(validity_->until, 0) : "no";
  with_.log.error("no certificate was issued",
                  {{"acme", spec_.name},
                   {"error", error},
                   {"failures", ledger_.failures},
                   {"next_try_in", std::chrono::floor<std::chrono::seconds>(wait)},
                   {"one_is_good_until", until}});
}

/// The account's key of this directory, made and kept where there is none.
Deferred<std::string> Renewal::account_key() {
  std::string path = spec_.folder + "/account-" + std::to_string(hash64(spec_.directory)) + ".pem";
  auto text = co_await with_.world.disk.read_file(path, file_bytes_max).result();
  if (text.ok() || !text.error().is(Code::not_found)) co_return std::move(text);
  std::string made = AccountKey::make().pem();
  auto writing = with_.write(path, made);
  co_await std::move(writing);
  co_return std::move(made);
}

Deferred<void> Renewal::obtain(std::optional<Duration>& told_to_wait) {
  auto turn = co_await with_.one_at_a_time.acquire();
  WallTime now = with_.world.clock.wall();
  std::erase_if(ledger_.orders, [&](WallTime each) { return each + 1h <= now || each > now; });
  ledger_.orders.push_back(now);
  auto counting = save_ledger();  // before anything is asked for: it counts whatever becomes of us
  co_await std::move(counting);
  std::string pem = co_await account_key();
  auto key = co_await or_return(AccountKey::from_pem(pem));
  Conversation conversation(with_.world.clock, with_.ask, key, spec_.directory);
  auto beginning = conversation.begin(spec_.contacts);
  auto begun = co_await std::move(beginning).result();
  told_to_wait = conversation.told_to_wait();
  co_await or_return(std::move(begun));
  auto ordering = order_certificate(with_.world.clock, conversation, with_.challenges, spec_.names);
  auto text = co_await std::move(ordering).result();
  told_to_wait = conversation.told_to_wait();
  std::string whole = co_await or_return(std::move(text));
  auto made = pair_of(whole, spec_.file());
  auto validity = co_await or_return(validity_of(made, spec_.names));
  if (validity.until <= with_.world.clock.wall()) {
    co_await fail_with(Error(Code::invalid, "the certificate that was issued has ended already"));
  }
  auto writing = with_.write(spec_.file(), whole);
  co_await std::move(writing);
  certificate_ = std::move(made);
  validity_ = validity;
  plan_renewal();
  ++issued_;
  on_new_();
}

}  // namespace berth::proxy::acme
