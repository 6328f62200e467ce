#include "console/overview.h"

#include <algorithm>
#include <cmath>

#include "async/clock.h"
#include "base/strings.h"
#include "base/units.h"

namespace berth::console {
namespace {

constexpr std::int64_t second_nanoseconds = 1'000'000'000;
// What is more than this share belongs to the trouble, when its beginning is looked for.
constexpr double onset_share = 0.05;

const Instances& instances_of(const placement::ClusterState& state, std::string_view service) {
  static const Instances none;
  auto found = state.instances.find(service);
  return found == state.instances.end() ? none : found->second;
}

/// Requests and errors of one service, step by step.
struct Counted {
  std::vector<double> requests;
  std::vector<double> errors;
};

Counted counted(const observe::CountedSeries& series, const std::string& service, std::int64_t from,
                std::int64_t to, std::int64_t step) {
  auto size = static_cast<std::size_t>((to - from) / step);
  Counted all{std::vector<double>(size), std::vector<double>(size)};
  auto answers = series.recent({{"requests"}, service, from, to})
                     .query({"requests",
                             {{"service", service}},
                             {"status"},
                             observe::Fold::value,
                             from,
                             to,
                             step});
  if (!answers.ok()) return all;
  for (auto& answer : *answers) {
    auto status = parse_integer<int>(answer.labels["status"]);
    for (std::size_t i = 0; i < std::min(size, answer.points.size()); ++i) {
      if (!status.ok() || std::isnan(answer.points[i])) continue;
      all.requests[i] += answer.points[i];
      if (is_error(*status)) all.errors[i] += answer.points[i];
    }
  }
  return all;
}

/// When the errors of a service that fails now began: to the second within the last 14 minutes, to
/// ten seconds within what is in memory, one to three hours.
WallTime errors_began(const observe::CountedSeries& series, const std::string& service,
                      std::int64_t until) {
  auto [requests, errors] = counted(series, service, until - 840, until, 1);
  std::size_t onset = errors_onset(requests, errors, onset_share);
  if (onset > 0) {
    auto second = until - 840 + static_cast<std::int64_t>(std::min<std::size_t>(onset, 839));
    return {second * second_nanoseconds};
  }
  std::int64_t to = until - until % 10;
  std::int64_t from = to - 21'000;
  auto long_ago = counted(series, service, from, to, 10);
  onset = errors_onset(long_ago.requests, long_ago.errors, onset_share);
  return {(from + 10 * static_cast<std::int64_t>(onset)) * second_nanoseconds};
}

}  // namespace

void Overview::count_second() {
  until_ = sources_.observer.counted_until();
  traffic_ = read_traffic(sources_.series, until_);
  calls_ = read_calls(sources_.series, until_);
}

const ServiceTraffic* Overview::traffic_of(std::string_view service) const {
  auto found = traffic_.find(service);
  return found == traffic_.end() ? nullptr : &found->second;
}

const std::vector<ServiceNow>& Overview::look() {
  auto& state = sources_.mirror.state();
  services_.clear();
  for (auto& [name, desired] : state.services) judge(desired);
  std::erase_if(known_, [&](auto& known) { return !state.services.contains(known.first); });
  bool well = true;
  WallTime newest{};
  for (auto& service : services_) {
    Health health = service.condition.health;
    well &= health == Health::healthy || health == Health::stopped;
    newest = std::max(newest, service.since);
  }
  WallTime now = sources_.world.clock.wall();
  if (well && !was_well_) well_since_ = well_since_ == WallTime{} ? newest : now;
  if (well_since_ == WallTime{} && services_.empty()) well_since_ = now;
  was_well_ = well;
  return services_;
}

void Overview::judge(const placement::DesiredService& desired) {
  const std::string& name = desired.name;
  const ServiceTraffic* traffic = traffic_of(name);
  ServiceNow now;
  now.desired = &desired;
  now.condition = condition_of(desired, instances_of(sources_.mirror.state(), name),
                               sources_.waits(name), traffic);
  now.errors_per_second = traffic ? traffic->errors_per_second() : 0;
  auto [known, first] = known_.try_emplace(name, Known{now.condition.health, false, {}});
  Known& before = known->second;
  bool same = before.health == now.condition.health && before.by_errors == now.condition.by_errors;
  if (first || !same) {
    WallTime since = began(name, now.condition, first);
    if (!first) tell_feed(name, now.condition, before, since);
    before = {now.condition.health, now.condition.by_errors, since};
  }
  now.since = before.since;
  services_.push_back(std::move(now));
}

/// Since when a condition holds that is seen for the first time: at once, or, if this program has
/// only begun to look, what the records say.
WallTime Overview::began(const std::string& service, const Condition& condition, bool first) const {
  WallTime now = sources_.world.clock.wall();
  if (condition.by_errors) return errors_began(sources_.series, service, until_);
  if (!first) return now;
  bool well = condition.health == Health::healthy;
  WallTime since = well ? WallTime{} : now;
  for (auto& [number, instance] : instances_of(sources_.mirror.state(), service)) {
    bool healthy = instance.state == placement::InstanceState::healthy;
    if (well && healthy) since = std::max(since, instance.since);
    if (!well && !healthy) since = std::min(since, instance.since);
  }
  return since == WallTime{} ? now : since;
}

void Overview::tell_feed(const std::string& service, const Condition& condition,
                         const Known& before, WallTime since) {
  if (condition.by_errors == before.by_errors) return;
  placement::FeedEntry entry;
  entry.kind = "health";
  entry.service = service;
  if (condition.by_errors) {
    entry.level = "bad";
    entry.text = condition.why;
  } else {
    entry.level = condition.health == Health::healthy ? "ok" : "warn";
    Duration lasted = since - before.since;
    entry.text = "its errors are over after " + format_duration(lasted - lasted % 1s);
  }
  sources_.feed.add(std::move(entry));
}

}  // namespace berth::console
