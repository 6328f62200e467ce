#include "placement/service_decision.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/units.h"

namespace berth::placement {

ServiceDecision::ServiceDecision(Situation& situation, DesiredService service)
    : situation_(situation), before_(service), service_(std::move(service)) {
  auto records = situation.state.instances.find(service_.name);
  bool known = records != situation.state.instances.end();
  if (known)
    for (const auto& [number, record] : records->second) numbers_.insert(number);
  auto assignments = situation.state.assignments.find(service_.name);
  if (assignments == situation.state.assignments.end()) return;
  for (const auto& [number, assignment] : assignments->second) {
    Placed p{assignment, nullptr, situation.hosts.lost(assignment.host), false};
    if (known) {
      auto record = records->second.find(number);
      if (record != records->second.end() && record->second.host == assignment.host &&
          record->second.version == assignment.version &&
          record->second.generation == assignment.generation)
        p.record = &record->second;
    }
    placed_.push_back(std::move(p));
    numbers_.insert(number);
  }
}

bool ServiceDecision::current(const Placed& p) const {
  return !p.assignment.stop && p.assignment.version == service_.target &&
         p.assignment.generation == service_.generation;
}

bool ServiceDecision::well(const Placed& p) const {
  return !p.lost && p.record && p.record->state == InstanceState::healthy;
}

bool ServiceDecision::good(const Placed& p) const {
  return well(p) && situation_.now - p.record->since >= service_.spec().update.healthy_for;
}

bool ServiceDecision::preparing(const Placed& p) const {
  return !p.record || p.record->state == InstanceState::pending;
}

const ServiceSpec* ServiceDecision::spec_of(const Assignment& assignment) const {
  const Version* version = service_.version(assignment.version);
  if (!version) version = service_.version(service_.target);
  return version ? &version->spec : nullptr;
}

void ServiceDecision::wait_for(const std::string& why) {
  situation_.out.waits.try_emplace(service_.name, why);
}

// What is over -----------------------------------------------------------------------------------

/// Its agent has stopped it and taken its record away, or never had it, or is silent for so long
/// that nobody waits for it any more.
bool ServiceDecision::over(const Placed& p) {
  if (!p.assignment.stop) return false;
  const std::string& host = p.assignment.host;
  if (!situation_.hosts.present(host)) {
    Duration left = situation_.options.host_forget - situation_.hosts.silent_for(host);
    situation_.wake_at(situation_.now + left);
    return left <= 0s;
  }
  auto records = situation_.state.instances.find(service_.name);
  if (records != situation_.state.instances.end()) {
    auto record = records->second.find(p.assignment.number);
    if (record != records->second.end() && record->second.host == host) return false;
  }
  WallTime settled = p.assignment.made + situation_.options.stop_settle;
  situation_.wake_at(settled);
  return settled <= situation_.now;
}

void ServiceDecision::bury_records() {
  auto records = situation_.state.instances.find(service_.name);
  if (records == situation_.state.instances.end()) return;
  for (const auto& [number, record] : records->second) {
    auto assigned = std::ranges::find_if(placed_, [&](const Placed& p) {
      return p.assignment.number == number && p.assignment.host == record.host &&
             !p.assignment.stop;
    });
    if (assigned == placed_.end() && situation_.hosts.lost(record.host))
      situation_.out.bury.push_back(record.id());
  }
}

void ServiceDecision::settle() {
  if (service_.removed)
    for (Placed& p : placed_) stop(p);
  std::erase_if(placed_, [&](const Placed& p) {
    if (!over(p)) return false;
    situation_.out.unassign.push_back(p.assignment.id());
    return true;
  });
  for (const Placed& p : placed_)
    if (const ServiceSpec* spec = spec_of(p.assignment)) situation_.hosts.take(p.assignment, *spec);
}

bool ServiceDecision::clear() {
  bool cleared = false;
  std::erase_if(placed_, [&](const Placed& p) {
    if (!p.changed || !over(p)) return false;
    if (const ServiceSpec* spec = spec_of(p.assignment))
      situation_.hosts.release(p.assignment, *spec);
    situation_.out.unassign.push_back(p.assignment.id());
    return cleared = true;
  });
  return cleared;
}

void ServiceDecision::stop(Placed& p) {
  if (p.assignment.stop) return;
  p.assignment.stop = true;
  p.changed = true;
}

// What is missing --------------------------------------------------------------------------------

std::uint32_t ServiceDecision::free_number() {
  while (numbers_.contains(next_number_)) ++next_number_;
  numbers_.insert(next_number_);
  return next_number_;
}

bool ServiceDecision::add() {
  const ServiceSpec& spec = service_.spec();
  if (!spread_) {
    spread_ = situation_.hosts.spread();
    for (const Placed& p : placed_)
      if (!p.assignment.stop) situation_.hosts.count(*spread_, p.assignment.host, current(p));
  }
  auto host = situation_.hosts.choose(spec, *spread_);
  if (!host) {
    wait_for(situation_.hosts.why_none(spec));
    return false;
  }
  situation_.hosts.count(*spread_, *host, true);
  Assignment made{service_.name, free_number(), service_.target, service_.generation,
                  *host,         false,         situation_.now};
  situation_.hosts.take(made, spec);
  placed_.push_back({std::move(made), nullptr, false, true});
  return true;
}

/// Only a version that has never been good waits: start order is for the first start.
std::string ServiceDecision::gate() const {
  const Version* version = service_.version(service_.target);
  if (version->good) return "";
  std::vector<std::string> waits;
  for (const std::string& need : version->spec.needs) {
    auto found = situation_.state.services.find(need);
    if (found == situation_.state.services.end() || found->second.removed) {
      waits.push_back(need + ", which is not deployed");
      continue;
    }
    bool was_good = std::ranges::any_of(found->second.versions, &Version::good);
    auto records = situation_.state.instances.find(need);
    bool is_healthy = records != situation_.state.instances.end() &&
                      std::ranges::any_of(records->second, [](const auto& each) {
                        return each.second.state == InstanceState::healthy;
                      });
    if (was_good || is_healthy) continue;
    waits.push_back(found->second.instances == 0 ? need + ", which is scaled to 0" : need);
  }
  if (waits.empty()) return "";
  return fmt::format("waits for the first healthy instance of {}", fmt::join(waits, " and of "));
}

void ServiceDecision::fill() {
  if (service_.removed) return;
  spread_.reset();
  auto there = [&](const Placed& p) { return !p.assignment.stop && !p.lost; };
  auto have = static_cast<std::size_t>(std::ranges::count_if(placed_, there));
  std::string gated = have < wanted() ? gate() : "";
  if (!gated.empty())
    wait_for(gated);
  else
    while (have < wanted() && add()) ++have;

  std::vector<Placed*> lost;
  for (Placed& p : placed_)
    if (p.lost && !p.assignment.stop) lost.push_back(&p);
  std::ranges::sort(lost, {}, [&](const Placed* p) {
    return std::make_pair(!current(*p), p->assignment.number);
  });
  std::size_t kept = have < wanted() ? wanted() - have : 0;
  for (std::size_t i = kept; i < lost.size(); ++i) {
    const Assignment& a = lost[i]->assignment;
    stop(*lost[i]);
    std::string silent = format_duration(situation_.hosts.silent_for(a.host));
    tell("restart", "warn",
         fmt::format("{} is lost: host {} is silent for {}", a.id(), a.host, silent), a.version,
         a.id());
  }
}

// What is too much, and what is to be replaced ---------------------------------------------------

/// Which of these goes first: lost, then not healthy, then the highest number.
ServiceDecision::Placed* ServiceDecision::worst(bool (ServiceDecision::*is)(const Placed&) const) {
  Placed* worst = nullptr;
  auto rank = [&](const Placed& p) {
    return std::make_tuple(p.lost, !well(p), current(p) && !good(p), p.assignment.number);
  };
  for (Placed& p : placed_)
    if ((this->*is)(p) && (!worst || rank(p) > rank(*worst))) worst = &p;
  return worst;
}

void ServiceDecision::stop_worst(bool (ServiceDecision::*is)(const Placed&) const,
                                 std::size_t most) {
  for (std::size_t left = count(is); left > most; --left) stop(*worst(is));
}

void ServiceDecision::replace() {
  if (service_.removed) return;
  stop_worst(&ServiceDecision::current, wanted());
  std::size_t good_ones = count(&ServiceDecision::current, &ServiceDecision::good);
  stop_worst(&ServiceDecision::old, wanted() - std::min(wanted(), good_ones));
  std::size_t olds = count(&ServiceDecision::old);
  if (olds == 0) return;
  if (std::string why = gate(); !why.empty()) return wait_for(why);
  spread_.reset();
  std::size_t currents = count(&ServiceDecision::current);
  std::size_t on_their_way = currents - good_ones;
  while (on_their_way < parallel() && currents < wanted() &&
         currents + olds < wanted() + parallel()) {
    if (!add()) return stop_first();
    ++currents;
    ++on_their_way;
  }
}

/// There is no room beside the old ones: as many as may be under way at once go before their
/// successors come.
void ServiceDecision::stop_first() {
  std::size_t under_way =
      count(&ServiceDecision::current) - count(&ServiceDecision::current, &ServiceDecision::good);
  wells_ = 0;
  for (const Placed& p : placed_) {
    under_way += p.assignment.stop;
    wells_ += !p.assignment.stop && well(p);
  }
  for (; under_way < parallel(); ++under_way) {
    Placed* victim = worst(&ServiceDecision::may_stop_first);
    if (!victim) return;
    wells_ -= well(*victim);
    stop(*victim);
  }
}

bool ServiceDecision::may_stop_first(const Placed& p) const {
  const ServiceSpec* gone = spec_of(p.assignment);
  if (!old(p) || !gone) return false;
  const ServiceSpec& spec = service_.spec();
  if (!situation_.hosts.fits_instead(spec, p.assignment, *gone)) return false;
  bool holds_port = spec.has_port && spec.port != 0 && gone->has_port && gone->port == spec.port;
  return holds_port || !well(p) || wells_ > 1;
}

// The result -------------------------------------------------------------------------------------

void ServiceDecision::conclude() {
  Decision& out = situation_.out;
  bury_records();
  for (const Placed& p : placed_) {
    Duration left = situation_.options.host_grace - situation_.hosts.silent_for(p.assignment.host);
    if (p.assignment.stop || situation_.hosts.present(p.assignment.host) || left <= 0s) continue;
    situation_.wake_at(situation_.now + left);
    wait_for(fmt::format("host {} is silent; what it runs is moved if it does not come back",
                         p.assignment.host));
  }
  if (service_.removed) {
    if (placed_.empty() && !situation_.state.instances.contains(service_.name)) {
      out.forget.push_back(service_.name);
      tell("done", "ok", "is removed: nothing of it runs any more");
      return;
    }
    wait_for("is being removed: its instances finish what they answer");
  } else {
    conclude_rollout();
  }
  for (Placed& p : placed_)
    if (p.changed) out.assign.push_back(std::move(p.assignment));
  if (!(service_ == before_)) out.services.push_back(std::move(service_));
}

void ServiceDecision::tell(std::string kind, std::string level, std::string text,
                           std::uint64_t version, std::string instance) {
  FeedEntry entry;
  entry.kind = std::move(kind);
  entry.level = std::move(level);
  entry.service = service_.name;
  entry.text = std::move(text);
  entry.version = version;
  entry.instance = std::move(instance);
  situation_.out.feed.push_back(std::move(entry));
}

}  // namespace berth::placement
