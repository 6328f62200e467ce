#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model.h"
#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// Parts of a service's seats, each with a balancer of its own: by the tags that a request asks
/// for, by canary or not, by the caller's zone or another. A part is built when it is first asked
/// for; without any of these there is one. Belongs to one Pool.
///
/// Where a part has none that may, the request goes to a larger one: near, then all zones; canary,
/// then all; asked for by tags, then any (unless subset_required).
class Groups {
 public:
  static constexpr std::size_t groups_max = 64;  // beyond, the one built first goes

  explicit Groups(const Seats& seats) : seats_(seats) {}

  /// The set is another one: what was built is built anew. `instances` by seat.
  void set(const catalog::BalancePolicy& policy, std::string_view own_zone,
           const std::vector<const catalog::Instance*>& instances, Random& random);
  /// `tags`: "version=v3, gpu=yes", or empty.
  Seat pick(const Ask& ask, std::string_view tags);
  /// False if no seat has these tags and another will not do.
  bool any(std::string_view tags) const;
  /// What is in flight on a seat, or its warmth, changed.
  void changed(Seat seat) {
    if (!follows_load_) return;
    for (auto& group : groups_) group->balancer->changed(seat);
  }
  /// Another one rests, or rests no more; or there is panic, or none any more.
  void rests_changed();

 private:
  enum class Part : std::uint8_t { all, canary, stable };
  enum class Zone : std::uint8_t { any, near, far };
  struct Group {
    std::string tags;
    Part part;
    Zone zone;
    std::unique_ptr<Balancer> balancer;
  };

  Seat pick_part(const Ask& ask, std::string_view tags, Part part);
  Balancer& group(const Ask& ask, std::string_view tags, Part part, Zone zone);
  std::vector<Seat> members(std::string_view tags, Part part, Zone zone) const;
  bool known(std::string_view tags) const;
  bool has(Seat seat, std::string_view tag) const;
  bool near(Seat seat) const { return has(seat, near_tag_); }
  void weigh_zones();

  const Seats& seats_;
  catalog::BalancePolicy policy_;
  std::string near_tag_;                          // "zone=a"; empty: zones do not count
  std::vector<std::vector<std::uint64_t>> tags_;  // by seat: the hash of each
  std::set<std::uint64_t> known_tags_;
  std::size_t zones_ = 0;
  double near_share_ = 0;                       // of the requests that stay in the zone
  std::vector<std::unique_ptr<Group>> groups_;  // the first is that of all
  bool follows_load_ = false;
};

}  // namespace berth::proxy
