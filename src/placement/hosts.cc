#include "placement/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/units.h"

namespace berth::placement {

namespace {

bool needs_docker(const ServiceSpec& spec) { return spec.source != ServiceSpec::Source::command; }
std::uint16_t fixed_port(const ServiceSpec& spec) { return spec.has_port ? spec.port : 0; }

/// 0: the host has not said how much it has, so that it does not count.
bool enough(std::int64_t has, std::int64_t reserved, std::int64_t wanted) {
  return has == 0 || wanted == 0 || reserved + wanted <= has;
}

}  // namespace

Hosts::Hosts(const ClusterState& state, const LastSeen& last_seen, WallTime now,
             const SchedulerOptions& options)
    : last_seen_(last_seen), now_(now), options_(options) {
  for (const auto& [name, record] : state.hosts) {
    index_[name] = hosts_.size();
    hosts_.push_back({&record, 0, 0, 0, {}});
  }
}

Duration Hosts::silent_for(std::string_view host) const {
  if (present(host)) return 0s;
  auto seen = last_seen_.find(host);
  return seen == last_seen_.end() ? 0s : now_ - seen->second;
}

Hosts::Host* Hosts::find(std::string_view host) {
  auto found = index_.find(host);
  return found == index_.end() ? nullptr : &hosts_[found->second];
}

void Hosts::take(const Assignment& assignment, const ServiceSpec& spec) {
  Host* host = find(assignment.host);
  if (!host) return;
  host->cpu_millicores += spec.cpu_millicores;
  host->memory_bytes += spec.memory_bytes;
  ++host->instances;
  if (std::uint16_t port = fixed_port(spec)) host->ports[port].insert(assignment.id());
}

void Hosts::release(const Assignment& assignment, const ServiceSpec& spec) {
  Host* host = find(assignment.host);
  if (!host) return;
  host->cpu_millicores -= spec.cpu_millicores;
  host->memory_bytes -= spec.memory_bytes;
  --host->instances;
  if (std::uint16_t port = fixed_port(spec)) host->ports[port].erase(assignment.id());
}

void Hosts::count(Spread& spread, std::string_view host, bool current) const {
  auto found = index_.find(host);
  if (found == index_.end()) return;
  ++spread.all[found->second];
  spread.current[found->second] += current;
}

double Hosts::Host::reserved_share() const {
  auto share = [](std::int64_t used, std::int64_t all) {
    return all > 0 ? static_cast<double>(used) / static_cast<double>(all) : 0;
  };
  return std::max(share(cpu_millicores, record->cpu_millicores),
                  share(memory_bytes, record->memory_bytes));
}

bool Hosts::fits(const Host& host, const ServiceSpec& spec) {
  if (needs_docker(spec) && !host.record->docker) return false;
  if (!enough(host.record->cpu_millicores, host.cpu_millicores, spec.cpu_millicores)) return false;
  if (!enough(host.record->memory_bytes, host.memory_bytes, spec.memory_bytes)) return false;
  auto holders = host.ports.find(fixed_port(spec));
  return holders == host.ports.end() || holders->second.empty();
}

std::optional<std::string> Hosts::choose(const ServiceSpec& spec, const Spread& spread) {
  const Host* best = nullptr;
  auto rank_of = [&](std::size_t i) {
    return std::make_tuple(spread.current[i], spread.all[i], hosts_[i].reserved_share(),
                           hosts_[i].instances);
  };
  decltype(rank_of(0)) least;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    ++looked_at_;
    if (!fits(hosts_[i], spec)) continue;
    auto rank = rank_of(i);
    if (best && rank >= least) continue;
    best = &hosts_[i];
    least = rank;
  }
  if (!best) return std::nullopt;
  return best->record->name;
}

bool Hosts::fits_instead(const ServiceSpec& spec, const Assignment& assignment,
                         const ServiceSpec& gone) const {
  auto found = index_.find(assignment.host);
  if (found == index_.end()) return false;
  Host host = hosts_[found->second];
  host.cpu_millicores -= gone.cpu_millicores;
  host.memory_bytes -= gone.memory_bytes;
  if (std::uint16_t port = fixed_port(gone)) host.ports[port].erase(assignment.id());
  return fits(host, spec);
}

std::string Hosts::why_not(const Host& host, const ServiceSpec& spec) {
  const HostRecord& has = *host.record;
  if (needs_docker(spec) && !has.docker) {
    std::string why = has.docker_why.empty() ? "" : ": " + has.docker_why;
    return fmt::format("{} has no Docker{}", has.name, why);
  }
  if (!enough(has.memory_bytes, host.memory_bytes, spec.memory_bytes))
    return fmt::format("{} has {} of memory free, {} is needed", has.name,
                       format_size(std::max<std::int64_t>(0, has.memory_bytes - host.memory_bytes)),
                       format_size(spec.memory_bytes));
  if (!enough(has.cpu_millicores, host.cpu_millicores, spec.cpu_millicores))
    return fmt::format(
        "{} has {} of cpu free, {} is needed", has.name,
        write_cpu(std::max<std::int64_t>(0, has.cpu_millicores - host.cpu_millicores)),
        write_cpu(spec.cpu_millicores));
  auto holders = host.ports.find(fixed_port(spec));
  if (holders != host.ports.end() && !holders->second.empty())
    return fmt::format("port {} of {} is taken by {}", spec.port, has.name,
                       *holders->second.begin());
  return fmt::format("{} fits", has.name);
}

std::string Hosts::why_none(const ServiceSpec& spec) const {
  constexpr std::size_t shown_max = 3;
  if (hosts_.empty()) return "no host is there to run it";
  std::string out = "no host fits";
  for (std::size_t i = 0; i < std::min(hosts_.size(), shown_max); ++i)
    out += (i ? "; " : ": ") + why_not(hosts_[i], spec);
  if (hosts_.size() > shown_max) out += fmt::format("; and {} more", hosts_.size() - shown_max);
  return out;
}

}  // namespace berth::placement
