#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/units.h"
#include "placement/service_decision.h"

// A service's rollout. While it runs, each decision looks how far it is:
//
//   running --all current ones good, no old one left--> done
//   running --no progress within the deadline, or a new one that ends again and again-->
//              returned (and a rollout to the last good version begins)
//              failed   (there is none, or this was such a return: its instances are tried on)
//   failed  --all current ones good after all--> done
//   failed  --all old ones good after all--> returned
//
// A user who asks for another version ends it as returned (changes.cc).

namespace berth::placement {

void ServiceDecision::judge() {
  if (service_.removed || service_.rollouts.empty()) return;
  Rollout& rollout = service_.rollouts.back();
  if (rollout.result == RolloutResult::failed) return judge_failed(rollout);
  if (rollout.result != RolloutResult::running) return;
  note_steps(rollout);
  if (auto why = failure(rollout)) give_up(std::move(*why));
}

/// What ran before may not have been up yet when its successor failed (a host was silent, or both
/// were deployed within a moment): once it is, there is something to go back to.
void ServiceDecision::judge_failed(const Rollout& rollout) {
  if (count(&ServiceDecision::current, &ServiceDecision::good) >= wanted()) return;
  if (last_good(rollout) != 0) return give_up(rollout.why);
  for (const Placed& p : placed_)
    if (old(p) && well(p)) situation_.wake_at(p.record->since + service_.spec().update.healthy_for);
}

void ServiceDecision::note_steps(Rollout& rollout) const {
  std::size_t started = count(&ServiceDecision::current) -
                        count(&ServiceDecision::current, &ServiceDecision::preparing);
  auto steps = static_cast<std::uint32_t>(started +
                                          count(&ServiceDecision::current, &ServiceDecision::good));
  if (steps <= rollout.steps) return;
  rollout.steps = steps;
  rollout.progressed = situation_.now;
}

std::optional<std::string> ServiceDecision::failure(Rollout& rollout) {
  std::size_t currents = count(&ServiceDecision::current);
  std::size_t good_ones = count(&ServiceDecision::current, &ServiceDecision::good);
  if (currents >= wanted() && good_ones == currents) return std::nullopt;
  if (auto why = restarted_too_often(rollout)) return why;
  Duration deadline = service_.spec().update.deadline;
  if (currents == 0 && !gate().empty()) {  // its clock stands still while it waits for others
    if (situation_.now - rollout.progressed >= deadline / 2) rollout.progressed = situation_.now;
    situation_.wake_at(rollout.progressed + deadline / 2);
    return std::nullopt;
  }
  WallTime since = rollout.progressed;
  bool all_prepare = currents > good_ones;
  for (const Placed& p : placed_) {
    if (!current(p) || good(p)) continue;
    since = std::max(since, p.assignment.made);
    all_prepare &= preparing(p);
  }
  Duration limit = all_prepare ? std::max(deadline, situation_.options.prepare_max) : deadline;
  if (situation_.now - since >= limit) return without_progress(limit);
  situation_.wake_at(since + limit);
  return std::nullopt;
}

std::optional<std::string> ServiceDecision::restarted_too_often(const Rollout& rollout) const {
  for (const Placed& p : placed_) {
    if (!current(p) || good(p) || !p.record || p.assignment.made < rollout.started) continue;
    if (p.record->restarts < situation_.options.failures_max) continue;
    std::string why = p.record->why.empty() ? "" : ": " + p.record->why;
    return fmt::format("{} was started {} times{}", p.assignment.id(), p.record->restarts + 1, why);
  }
  return std::nullopt;
}

std::string ServiceDecision::without_progress(Duration limit) const {
  std::string within = format_duration(limit);
  for (const Placed& p : placed_) {
    if (!current(p) || good(p)) continue;
    if (!p.record)
      return fmt::format("{} was not started within {}: host {} says nothing of it",
                         p.assignment.id(), within, p.assignment.host);
    std::string why = p.record->why.empty() ? "" : ": " + p.record->why;
    return fmt::format("{} was {} and not healthy within {}{}", p.assignment.id(),
                       state_name(p.record->state), within, why);
  }
  return fmt::format("nothing could be started within {}: {}", within,
                     situation_.hosts.why_none(service_.spec()));
}

/// True if as many of its instances are good as are wanted, though its rollout may have been ended
/// by another one before that was so.
bool ServiceDecision::runs_well(std::uint64_t version) const {
  auto its = std::ranges::count_if(placed_, [&](const Placed& p) {
    return p.assignment.version == version && !p.assignment.stop && good(p);
  });
  return its > 0 && static_cast<std::size_t>(its) >= wanted();
}

/// True if it has instances and all of them are good, though there may be fewer than wanted: a
/// deploy came before the others were there.
bool ServiceDecision::still_runs(std::uint64_t version) const {
  bool any = false;
  for (const Placed& p : placed_) {
    if (p.assignment.version != version || p.assignment.stop) continue;
    if (!good(p)) return false;
    any = true;
  }
  return any;
}

/// Where to go back to: what ran before, if it was good, else the newest good one before, else the
/// newest that still runs.
std::uint64_t ServiceDecision::last_good(const Rollout& rollout) const {
  if (rollout.automatic || rollout.from == rollout.to) return 0;
  const Version* from = service_.version(rollout.from);
  bool was_good = from && (from->good || runs_well(rollout.from));
  if (was_good) return rollout.from;
  if (std::uint64_t proven = service_.return_to()) return proven;
  for (auto& version : service_.versions | std::views::reverse) {
    if (version.number < rollout.to && still_runs(version.number)) return version.number;
  }
  return 0;
}

void ServiceDecision::give_up(std::string why) {
  Rollout& rollout = service_.rollouts.back();
  std::uint64_t to = last_good(rollout);
  std::uint64_t from = rollout.to;
  rollout.ended = situation_.now;
  rollout.why = why;
  if (to == 0) {
    rollout.result = RolloutResult::failed;
    tell("health", "bad",
         fmt::format("version {} does not become healthy: {}; it is tried on", from, why), from);
    return;
  }
  rollout.result = RolloutResult::returned;
  service_.target = to;
  Rollout back;
  back.from = from;
  back.to = to;
  back.started = back.progressed = situation_.now;
  back.automatic = true;
  service_.rollouts.push_back(std::move(back));
  if (service_.rollouts.size() > DesiredService::rollouts_kept)
    service_.rollouts.erase(service_.rollouts.begin());
  tell("rollback", "bad",
       fmt::format("version {} failed: {}; going back to version {}", from, why, to), to);
}

std::string ServiceDecision::progress(const Rollout& rollout) const {
  return fmt::format("{} of {} {}", count(&ServiceDecision::current, &ServiceDecision::good),
                     wanted(), rollout.from == 0 ? "healthy" : "replaced");
}

void ServiceDecision::announce(const Rollout& rollout) {
  const Version* to = service_.version(rollout.to);
  if (rollout.automatic) return;  // told by give_up
  if (rollout.from == rollout.to)
    tell("restart", "ok", fmt::format("is restarted: {} to replace", wanted()), rollout.to);
  else if (rollout.to < rollout.from || (to && to->good))
    tell("rollback", "ok", fmt::format("goes back to version {}", rollout.to), rollout.to);
  else
    tell("deploy", "ok",
         fmt::format("version {} is deployed: {} to {}", rollout.to, wanted(),
                     rollout.from == 0 ? "start" : "replace"),
         rollout.to);
}

void ServiceDecision::finish(Rollout& rollout) {
  bool after_all = rollout.result == RolloutResult::failed;
  for (Version& version : service_.versions)
    if (version.number == rollout.to && wanted() > 0) version.good = true;
  rollout.result = RolloutResult::done;
  rollout.ended = situation_.now;
  rollout.why = "";
  std::string text =
      wanted() == 0 ? "it is scaled to 0" : fmt::format("{} of {} healthy", wanted(), wanted());
  tell("done", "ok",
       fmt::format("version {} {}: {}, after {}", rollout.to, after_all ? "runs after all" : "runs",
                   text, format_duration(rollout.ended - rollout.started)),
       rollout.to);
}

void ServiceDecision::conclude_rollout() {
  if (service_.rollouts.empty()) return;
  Rollout& rollout = service_.rollouts.back();
  bool running = rollout.result == RolloutResult::running;
  if (!running && rollout.result != RolloutResult::failed) return;
  if (running && rollout.why.empty()) announce(rollout);
  if (running) note_steps(rollout);
  std::size_t good_ones = count(&ServiceDecision::current, &ServiceDecision::good);
  bool complete = count(&ServiceDecision::current) == wanted() && good_ones == wanted() &&
                  count(&ServiceDecision::old) == 0;
  if (complete && (running || wanted() > 0)) return finish(rollout);
  if (running) rollout.why = progress(rollout);
  for (const Placed& p : placed_)
    if (current(p) && well(p))
      situation_.wake_at(p.record->since + service_.spec().update.healthy_for);
}

}  // namespace berth::placement
