#include "console/service_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "async/clock.h"
#include "base/strings.h"

namespace berth::console {
namespace {

using observe::Fold;
using placement::Rollout;
using placement::RolloutResult;

constexpr std::size_t paths_max = 50;
constexpr std::int64_t window = ServiceTraffic::window;

std::string_view result_name(RolloutResult result) {
  constexpr std::string_view names[] = {"running", "done", "returned", "failed"};
  return names[static_cast<std::size_t>(result)];
}

/// When the version that runs was last gone to; zero if never.
WallTime last_deploy(const placement::DesiredService& desired) {
  WallTime last{};
  if (auto* version = desired.version(desired.target)) last = version->deployed;
  for (auto& rollout : desired.rollouts) {
    if (rollout.from != rollout.to) last = std::max(last, rollout.started);
  }
  return last;
}

void write_instance(JsonWriter& out, const Sources& sources,
                    const placement::InstanceRecord& instance, bool has_port) {
  out.begin_object();
  out.member("id", instance.id());
  out.member("version", instance.version);
  out.member("state", placement::state_name(instance.state));
  std::string why = instance.why;
  if (why.empty() && sources.why_out) why = sources.why_out(instance.id(), instance.incarnation);
  out.member("why", why);
  out.member("host", instance.host);
  bool known = has_port && instance.address.family() != Address::Family::none;
  out.member("address", known ? instance.address.text() : "");
  out.member("pid", instance.pid);
  out.member("restarts", instance.restarts);
  out.member("since", milliseconds(instance.since));
  out.end_object();
}

void write_instances(JsonWriter& out, const Shown& shown,
                     const placement::DesiredService& desired) {
  auto& all = shown.sources.mirror.state().instances;
  out.key("instances").begin_array();
  if (auto found = all.find(desired.name); found != all.end()) {
    for (auto& [number, instance] : found->second) {
      write_instance(out, shown.sources, instance, desired.spec().has_port);
    }
  }
  out.end_array();
}

void write_rates(JsonWriter& out, const Shown& shown, const placement::DesiredService& desired) {
  const ServiceTraffic* traffic = shown.overview.traffic_of(desired.name);
  bool serves = desired.spec().has_port;
  std::optional<double> rate, share, median;
  if (serves) rate = traffic ? traffic->requests_per_second() : 0;
  if (serves && traffic) {
    share = traffic->errors_share();
    median = traffic->median_seconds;
  }
  write_number(out, "requests_per_second", rate);
  write_number(out, "errors_share", share);
  write_number(out, "median_seconds", median);
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  auto& sums = shown.sources.observer.sums();
  if (auto found = sums.find(desired.name); found != sums.end()) {
    for (auto& [status, sum] : found->second) {
      requests += sum;
      if (is_error(status)) errors += sum;
    }
  }
  out.member("requests", requests);
  out.member("errors", errors);
  WallTime deployed = last_deploy(desired);
  out.key("last_deploy");
  deployed == WallTime{} ? out.null() : out.value(milliseconds(deployed));
  out.key("spark").begin_array();
  for (std::size_t i = 0; serves && i < ServiceTraffic::seconds; ++i) {
    out.value(traffic ? static_cast<std::uint64_t>(traffic->requests[i]) : 0);
  }
  out.end_array();
}

struct PathNumbers {
  double requests = 0;
  double errors = 0;
  double median = std::nan("");
  double p99 = std::nan("");
};

std::map<std::string, PathNumbers> paths_of(const Shown& shown, const std::string& service) {
  std::map<std::string, PathNumbers> paths;
  std::int64_t until = shown.overview.until();
  auto series = shown.sources.series.recent(
      {{"path_requests", "path_latency"}, service, until - window, until});
  auto ask = [&](const char* name, std::vector<std::string> by, Fold fold) {
    return series
        .query({name, {{"service", service}}, std::move(by), fold, until - window, until, window})
        .value_or({});
  };
  for (auto& answer : ask("path_requests", {"path", "status"}, Fold::value)) {
    double count = answer.points.front();
    auto status = parse_integer<int>(answer.labels["status"]);
    if (std::isnan(count) || !status.ok()) continue;
    auto& path = paths[answer.labels["path"]];
    path.requests += count;
    if (is_error(*status)) path.errors += count;
  }
  for (auto& answer : ask("path_latency", {"path"}, Fold::p50)) {
    if (auto found = paths.find(answer.labels["path"]); found != paths.end()) {
      found->second.median = answer.points.front();
    }
  }
  for (auto& answer : ask("path_latency", {"path"}, Fold::p99)) {
    if (auto found = paths.find(answer.labels["path"]); found != paths.end()) {
      found->second.p99 = answer.points.front();
    }
  }
  return paths;
}

void write_paths(JsonWriter& out, const Shown& shown, const std::string& service) {
  std::vector<std::pair<std::string, PathNumbers>> busiest;
  for (auto& path : paths_of(shown, service)) busiest.push_back(path);
  std::ranges::sort(busiest, [](auto& a, auto& b) {
    if (a.second.requests != b.second.requests) return a.second.requests > b.second.requests;
    return a.first < b.first;
  });
  if (busiest.size() > paths_max) busiest.resize(paths_max);
  out.key("paths").begin_array();
  for (auto& [path, numbers] : busiest) {
    out.begin_object();
    out.member("path", path);
    out.member("requests_per_second", numbers.requests / window);
    out.member("errors_share", numbers.errors / numbers.requests);
    out.member("median_seconds", numbers.median);  // not a number becomes null
    out.member("p99_seconds", numbers.p99);
    out.end_object();
  }
  out.end_array();
}

void write_slow(JsonWriter& out, const Shown& shown, const std::string& service) {
  out.key("slow").begin_array();
  for (auto& request : shown.sources.observer.slowest(service)) {
    Duration rest = request.took - request.waited - request.connecting - request.answering;
    out.begin_object();
    out.member("time", milliseconds(request.ended));
    out.member("method", request.method);
    out.member("path", request.target);
    out.member("status", request.status);
    out.member("seconds", seconds_of(request.took));
    out.member("instance", request.instance);
    out.member("from", request.caller);
    out.member("queue_seconds", seconds_of(request.waited));
    out.member("connect_seconds", seconds_of(request.connecting));
    out.member("wait_seconds", seconds_of(request.answering));
    out.member("transfer_seconds", seconds_of(std::max(rest, Duration::zero())));
    out.end_object();
  }
  out.end_array();
}

}  // namespace

void write_number(JsonWriter& out, std::string_view name, const std::optional<double>& value) {
  out.key(name);
  value ? out.value(*value) : out.null();
}

std::string public_url(const Shown& shown, const catalog::PublicRoute& route) {
  std::string host = route.label;
  if (auto& domain = shown.sources.mirror.state().system.domain; !domain.empty()) {
    host += "." + domain;
  }
  return fmt::format("http://{}:{}{}", host, shown.options.gateway_port, route.path);
}

void write_service(JsonWriter& out, const Shown& shown, const ServiceNow& service) {
  auto& desired = *service.desired;
  auto& spec = desired.spec();
  auto& condition = service.condition;
  out.member("name", desired.name);
  out.member("version", desired.target);
  if (auto previous = desired.return_to()) out.member("previous_version", previous);
  out.member("health", health_name(condition.health));
  out.member("why", condition.why);
  out.member("wanted", condition.wanted);
  out.member("running", condition.running);
  out.member("healthy", condition.healthy);
  out.member("url", spec.has_port
                        ? fmt::format("http://{}:{}", desired.name, shown.options.vip_port)
                        : "");
  if (!spec.routes.empty()) out.member("public_url", public_url(shown, spec.routes.front()));
  write_rates(out, shown, desired);
  if (!desired.rollouts.empty() && desired.rollouts.back().result == RolloutResult::running) {
    const Rollout& rollout = desired.rollouts.back();
    out.key("rollout").begin_object();
    out.member("from", rollout.from).member("to", rollout.to).member("state", "running");
    out.member("why", rollout.why).member("started", milliseconds(rollout.started));
    out.end_object();
  }
  write_instances(out, shown, desired);
}

void write_detail(JsonWriter& out, const Shown& shown, const placement::DesiredService& desired) {
  out.key("rollouts").begin_array();
  for (auto rollout = desired.rollouts.rbegin(); rollout != desired.rollouts.rend(); ++rollout) {
    out.begin_object();
    out.member("version", rollout->to);
    out.member("started", milliseconds(rollout->started));
    out.key("ended");
    rollout->ended == WallTime{} ? out.null() : out.value(milliseconds(rollout->ended));
    out.member("result", result_name(rollout->result));
    out.member("why", rollout->why);
    out.end_object();
  }
  out.end_array();
  write_paths(out, shown, desired.name);
  out.key("statuses").begin_object();
  auto& sums = shown.sources.observer.sums();
  if (auto found = sums.find(desired.name); found != sums.end()) {
    for (auto& [status, sum] : found->second) out.member(std::to_string(status), sum);
  }
  out.end_object();
  write_slow(out, shown, desired.name);
}

}  // namespace berth::console
