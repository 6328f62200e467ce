#include "proxy/balance/groups.h"

#include "base/strings.h"
#include "proxy/balance/hashing.h"

namespace berth::proxy {
namespace {

/// Calls `each` with every tag of a list; ends with the first that it answers false to.
template <class F>
bool every_tag(std::string_view list, F&& each) {
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    std::string_view tag = trim(list.substr(0, comma));
    if (!tag.empty() && !each(tag)) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

std::vector<std::uint64_t> tags_of(const catalog::Instance& instance) {
  std::vector<std::uint64_t> tags = {hash64("version=" + instance.version),
                                     hash64("host=" + instance.host)};
  if (!instance.zone.empty()) tags.push_back(hash64("zone=" + instance.zone));
  for (auto& tag : instance.tags) tags.push_back(hash64(tag));
  return tags;
}

}  // namespace

void Groups::set(const catalog::BalancePolicy& policy, std::string_view own_zone,
                 const std::vector<const catalog::Instance*>& instances, Random& random) {
  policy_ = policy;
  near_tag_.clear();
  if (policy.zone_aware && !own_zone.empty()) near_tag_ = "zone=" + std::string(own_zone);
  tags_.clear();
  known_tags_.clear();
  std::set<std::string_view> zones;
  if (!policy.subset_header.empty() || !policy.canary_tag.empty() || !near_tag_.empty()) {
    for (auto* instance : instances) {
      tags_.push_back(tags_of(*instance));
      known_tags_.insert(tags_.back().begin(), tags_.back().end());
      zones.insert(instance->zone);
    }
  }
  zones_ = zones.size();
  groups_.clear();
  std::vector<Seat> all(seats_.size());
  for (Seat seat = 0; seat < all.size(); ++seat) all[seat] = seat;
  groups_.push_back(
      std::make_unique<Group>(Group{"", Part::all, Zone::any, make_balancer(policy, seats_)}));
  groups_[0]->balancer->set(std::move(all), random);
  follows_load_ = groups_[0]->balancer->follows_load();
  weigh_zones();
}

void Groups::rests_changed() {
  weigh_zones();
  if (!follows_load_) return;
  for (auto& group : groups_) {
    for (Seat seat : group->balancer->members()) group->balancer->changed(seat);
  }
}

/// As if every zone had as many callers: what stays is as much as this zone's instances are worth
/// of a zone's mean, at most all.
void Groups::weigh_zones() {
  if (near_tag_.empty()) return;
  double here = 0, all = 0;
  for (Seat seat = 0; seat < seats_.size(); ++seat) {
    if (seats_.resting(seat)) continue;
    all += seats_.weight[seat];
    if (near(seat)) here += seats_.weight[seat];
  }
  near_share_ = all == 0 ? 0 : std::min(1.0, here * static_cast<double>(zones_) / all);
}

Seat Groups::pick(const Ask& ask, std::string_view tags) {
  if (groups_.empty()) return no_seat;
  Part part = Part::all;
  if (!policy_.canary_tag.empty()) {
    // One key stays with one part.
    std::uint64_t roll = ask.has_key ? mixed(ask.key ^ 0x5bd1e995) % 1000 : ask.random.below(1000);
    part = roll < policy_.canary_permille ? Part::canary : Part::stable;
  }
  Seat seat = no_seat;
  if (tags.empty() || known(tags)) {
    seat = pick_part(ask, tags, part);
    if (seat == no_seat && part != Part::all) seat = pick_part(ask, tags, Part::all);
  }
  if (seat == no_seat && !tags.empty() && !policy_.subset_required) return pick(ask, {});
  return seat;
}

Seat Groups::pick_part(const Ask& ask, std::string_view tags, Part part) {
  if (!near_tag_.empty()) {
    bool stays = near_share_ >= 1 || ask.random.chance(near_share_);
    Seat seat = group(ask, tags, part, stays ? Zone::near : Zone::far).pick(ask);
    if (seat != no_seat) return seat;
  }
  return group(ask, tags, part, Zone::any).pick(ask);
}

Balancer& Groups::group(const Ask& ask, std::string_view tags, Part part, Zone zone) {
  for (auto& each : groups_) {
    if (each->part == part && each->zone == zone && each->tags == tags) return *each->balancer;
  }
  if (groups_.size() == groups_max) groups_.erase(groups_.begin() + 1);
  groups_.push_back(std::make_unique<Group>(
      Group{std::string(tags), part, zone, make_balancer(policy_, seats_)}));
  groups_.back()->balancer->set(members(tags, part, zone), ask.random);
  return *groups_.back()->balancer;
}

std::vector<Seat> Groups::members(std::string_view tags, Part part, Zone zone) const {
  std::vector<Seat> members;
  for (Seat seat = 0; seat < seats_.size(); ++seat) {
    bool fits = every_tag(tags, [&](std::string_view tag) { return has(seat, tag); });
    if (part != Part::all) fits &= has(seat, policy_.canary_tag) == (part == Part::canary);
    if (zone != Zone::any) fits &= near(seat) == (zone == Zone::near);
    if (fits) members.push_back(seat);
  }
  return members;
}

bool Groups::known(std::string_view tags) const {
  return every_tag(tags, [&](std::string_view tag) { return known_tags_.contains(hash64(tag)); });
}

bool Groups::any(std::string_view tags) const {
  if (tags.empty() || !policy_.subset_required) return true;
  return known(tags) && !members(tags, Part::all, Zone::any).empty();
}

bool Groups::has(Seat seat, std::string_view tag) const {
  return seat < tags_.size() && std::ranges::find(tags_[seat], hash64(tag)) != tags_[seat].end();
}

}  // namespace berth::proxy
