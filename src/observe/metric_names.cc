#include "observe/metric_names.h"

#include <algorithm>

namespace berth::observe {
namespace {

constexpr double nanoseconds = 1e-9;
using enum SeriesKind;
constexpr MetricName names[] = {
    {"latency", "berth_request_duration_seconds", distribution, 1, "seconds", nanoseconds,
     "How long requests to a service took."},
    {"path_latency", "berth_path_duration_seconds", distribution, 2, "seconds", nanoseconds,
     "How long requests to a service's path took."},
    {"call_latency", "berth_call_duration_seconds", distribution, 2, "seconds", nanoseconds,
     "How long requests from one service to another took."},
    {"requests", "berth_requests_total", counter, 2, "", 1, "Requests to a service, by status."},
    {"path_requests", "berth_path_requests_total", counter, 3, "", 1,
     "Requests to a service's path, by status."},
    {"call_errors", "berth_call_errors_total", counter, 2, "", 1,
     "Requests from one service to another that failed."},
    {"bytes_in", "berth_bytes_in_total", counter, 1, "bytes", 1, "Bytes of requests to a service."},
    {"bytes_out", "berth_bytes_out_total", counter, 1, "bytes", 1, "Bytes of a service's answers."},
    {"retries", "berth_retries_total", counter, 1, "", 1,
     "Requests to a service that were sent again."},
    {"queued_nanoseconds", "berth_queued_seconds_total", counter, 1, "seconds", nanoseconds,
     "How long requests to a service waited for an instance."},
    {"log_lines", "berth_log_lines_total", counter, 2, "", 1,
     "Lines of a service's log, by level."},
    {"observer_mark", "berth_observer_mark", gauge, 0, "", 1,
     "Until where lines that were acknowledged are counted."},
};

}  // namespace

std::string SeriesKey::text() const {
  std::string out = name + "{";
  for (auto& [label, value] : labels) {
    if (out.back() != '{') out += ',';
    out += label + "=\"";
    for (char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

std::string_view SeriesKey::label(std::string_view name) const {
  auto found = labels.find(name);
  return found == labels.end() ? std::string_view() : found->second;
}

std::span<const MetricName> metric_names() { return names; }

const MetricName* find_metric(std::string_view short_name) {
  auto found = std::ranges::find(names, short_name, &MetricName::short_name);
  return found == std::end(names) ? nullptr : found;
}

const MetricName* find_metric_called(std::string_view name) {
  auto found = std::ranges::find(names, name, &MetricName::name);
  return found == std::end(names) ? nullptr : found;
}

std::string metric_name_of(std::string_view name) {
  std::string out;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += letter || digit ? c : '_';
  }
  return out.empty() ? "_" : out;
}

promql::Labels labels_of_name(std::string_view name, std::vector<promql::Label> labels) {
  std::string valid = metric_name_of(name);
  if (valid != name) labels.push_back({"berth_name", std::string(name)});
  labels.push_back({std::string(promql::metric_name), std::move(valid)});
  return promql::Labels(std::move(labels));
}

}  // namespace berth::observe
