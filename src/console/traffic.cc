#include "console/traffic.h"

#include <cmath>
#include <numeric>

#include "base/strings.h"

namespace berth::console {
namespace {

using observe::CountedSeries;
using observe::Fold;
using observe::LoadedSeries;
using observe::SeriesAnswer;
using observe::SeriesQuery;

std::vector<SeriesAnswer> ask(const LoadedSeries& series, SeriesQuery query) {
  return series.query(query).value_or({});
}

double sum_of_last(const std::array<double, ServiceTraffic::seconds>& values, std::size_t count) {
  return std::accumulate(values.end() - static_cast<std::ptrdiff_t>(count), values.end(), 0.0);
}

/// The sum of an answer's points, those that are there.
double sum(const std::vector<double>& points) {
  double all = 0;
  for (double point : points) all += std::isnan(point) ? 0 : point;
  return all;
}

void add_counts(ServiceTraffic& traffic, int status, const std::vector<double>& points) {
  std::size_t begin = ServiceTraffic::seconds - points.size();
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (std::isnan(points[i])) continue;
    std::size_t second = begin + i;
    traffic.requests[second] += points[i];
    if (!is_error(status)) continue;
    traffic.errors[second] += points[i];
    if (second >= ServiceTraffic::seconds - ServiceTraffic::window) {
      traffic.errors_by_status[status] += points[i];
    }
  }
}

}  // namespace

double ServiceTraffic::requests_in(std::size_t count) const { return sum_of_last(requests, count); }

double ServiceTraffic::errors_in(std::size_t count) const { return sum_of_last(errors, count); }

std::optional<double> ServiceTraffic::errors_share() const {
  double all = requests_in(window);
  if (all <= 0) return std::nullopt;
  return errors_in(window) / all;
}

Traffic read_traffic(const CountedSeries& counted, std::int64_t until) {
  Traffic traffic;
  auto minute = static_cast<std::int64_t>(ServiceTraffic::seconds);
  auto window = static_cast<std::int64_t>(ServiceTraffic::window);
  LoadedSeries series = counted.recent({{"requests", "latency"}, "", until - minute, until});
  for (auto& answer :
       ask(series,
           {"requests", {}, {"service", "status"}, Fold::value, until - minute, until, 1})) {
    auto status = parse_integer<int>(answer.labels["status"]);
    if (answer.labels["service"].empty() || !status.ok() || sum(answer.points) <= 0) continue;
    add_counts(traffic[answer.labels["service"]], *status, answer.points);
  }
  for (auto& answer :
       ask(series, {"latency", {}, {"service"}, Fold::p50, until - window, until, window})) {
    auto found = traffic.find(answer.labels["service"]);
    if (found == traffic.end() || std::isnan(answer.points.front())) continue;
    found->second.median_seconds = answer.points.front();
  }
  return traffic;
}

std::vector<Call> read_calls(const CountedSeries& counted, std::int64_t until) {
  LoadedSeries series = counted.recent({{"call_latency", "call_errors"}, "", until - 60, until});
  constexpr std::int64_t window = ServiceTraffic::window;
  const std::vector<std::string> pair{"from", "to"};
  std::map<std::pair<std::string, std::string>, Call> calls;
  auto call_of = [&](SeriesAnswer& answer) -> Call* {
    auto found = calls.find({answer.labels["from"], answer.labels["to"]});
    return found == calls.end() ? nullptr : &found->second;
  };
  for (auto& answer :
       ask(series, {"call_latency", {}, pair, Fold::count, until - 60, until, window})) {
    std::string from = answer.labels["from"];
    std::string to = answer.labels["to"];
    if (from.empty() || to.empty() || sum(answer.points) <= 0) continue;
    double last = std::isnan(answer.points.back()) ? 0 : answer.points.back();
    calls[{from, to}] = {from, to, last / window, 0, std::nullopt};
  }
  for (auto& answer :
       ask(series, {"call_latency", {}, pair, Fold::p50, until - window, until, window})) {
    Call* call = call_of(answer);
    if (call && !std::isnan(answer.points.front())) call->median_seconds = answer.points.front();
  }
  for (auto& answer :
       ask(series, {"call_errors", {}, pair, Fold::value, until - window, until, window})) {
    Call* call = call_of(answer);
    double errors = sum(answer.points);
    if (call && call->requests_per_second > 0) {
      call->errors_share = errors / window / call->requests_per_second;
    }
  }
  std::vector<Call> all;
  for (auto& [key, call] : calls) all.push_back(std::move(call));
  return all;
}

std::size_t errors_onset(const std::vector<double>& requests, const std::vector<double>& errors,
                         double share) {
  double excess = 0;
  double most = 0;
  std::size_t onset = requests.size();
  for (std::size_t i = requests.size(); i-- > 0;) {
    excess += errors[i] - share * requests[i];
    if (excess > most) {
      most = excess;
      onset = i;
    }
  }
  return onset;
}

}  // namespace berth::console
