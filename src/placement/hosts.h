#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "placement/scheduler.h"

namespace berth::placement {

/// The hosts and the room that is left on them while one decision is made. Lives on its stack.
class Hosts {
 public:
  Hosts(const ClusterState& state, const LastSeen& last_seen, WallTime now,
        const SchedulerOptions& options);

  bool present(std::string_view host) const { return index_.contains(host); }
  /// Silent for longer than the grace.
  bool lost(std::string_view host) const { return silent_for(host) >= options_.host_grace; }
  /// Zero while it is present.
  Duration silent_for(std::string_view host) const;

  /// `spec`: what the assignment runs. On a host that is missing these do nothing.
  void take(const Assignment& assignment, const ServiceSpec& spec);
  void release(const Assignment& assignment, const ServiceSpec& spec);

  /// How many instances of one service each host has, by its index: of the version that is to run,
  /// and in all.
  struct Spread {
    std::vector<std::uint32_t> current;
    std::vector<std::uint32_t> all;
  };
  Spread spread() const {
    return {std::vector<std::uint32_t>(hosts_.size()), std::vector<std::uint32_t>(hosts_.size())};
  }
  void count(Spread& spread, std::string_view host, bool current) const;

  /// The best host for another instance, or none.
  std::optional<std::string> choose(const ServiceSpec& spec, const Spread& spread);
  /// Whether it would fit on `assignment`'s host if that one, which runs `gone`, went.
  bool fits_instead(const ServiceSpec& spec, const Assignment& assignment,
                    const ServiceSpec& gone) const;
  /// Why no host fits, as a sentence.
  std::string why_none(const ServiceSpec& spec) const;
  std::size_t looked_at() const { return looked_at_; }

 private:
  struct Host {
    const HostRecord* record;
    std::int64_t cpu_millicores = 0;  // reserved
    std::int64_t memory_bytes = 0;
    std::uint32_t instances = 0;
    std::map<std::uint16_t, std::set<std::string>> ports;  // fixed ones, with who holds them

    double reserved_share() const;
  };
  static bool fits(const Host& host, const ServiceSpec& spec);
  static std::string why_not(const Host& host, const ServiceSpec& spec);
  Host* find(std::string_view host);

  const LastSeen& last_seen_;
  WallTime now_;
  const SchedulerOptions& options_;
  std::vector<Host> hosts_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::size_t looked_at_ = 0;
};

}  // namespace berth::placement
