#include "observe/prometheus_json.h"

#include <fmt/format.h>

#include "base/json_writer.h"

namespace berth::observe {
namespace {

std::string_view fault_text(PrometheusFault fault) {
  switch (fault) {
    case PrometheusFault::bad_data:
      return "bad_data";
    case PrometheusFault::execution:
      return "execution";
    case PrometheusFault::timeout:
      return "timeout";
    case PrometheusFault::unavailable:
      return "unavailable";
    case PrometheusFault::not_found:
      return "not_found";
  }
  return {};
}

/// Milliseconds as seconds, with a fraction where there is one: 1435781451.781.
void append_time(std::string& out, std::int64_t time) {
  if (time < 0) out += '-';
  std::uint64_t positive =
      time < 0 ? -static_cast<std::uint64_t>(time) : static_cast<std::uint64_t>(time);
  fmt::format_to(std::back_inserter(out), "{}", positive / 1000);
  if (positive % 1000 != 0) fmt::format_to(std::back_inserter(out), ".{:03}", positive % 1000);
}

void append_sample(std::string& out, const promql::Sample& sample) {
  out += '[';
  append_time(out, sample.time);
  out += ",\"";
  out += promql::value_text(sample.value);
  out += "\"]";
}

void append_series(std::string& out, const promql::SampleSeries& series, bool matrix) {
  out += "{\"metric\":";
  append_labels(out, series.labels);
  if (!matrix) {
    out += ",\"value\":";
    append_sample(out, series.samples.front());
    out += '}';
    return;
  }
  out += ",\"values\":[";
  for (auto& sample : series.samples) {
    if (&sample != &series.samples.front()) out += ',';
    append_sample(out, sample);
  }
  out += "]}";
}

}  // namespace

int status_of(PrometheusFault fault) {
  switch (fault) {
    case PrometheusFault::bad_data:
      return 400;
    case PrometheusFault::execution:
      return 422;
    case PrometheusFault::not_found:
      return 404;
    case PrometheusFault::timeout:
    case PrometheusFault::unavailable:
      return 503;
  }
  return 500;
}

std::string prometheus_error(PrometheusFault fault, std::string_view message) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("status", "error")
      .member("errorType", fault_text(fault))
      .member("error", message)
      .end_object();
  return text;
}

std::string prometheus_data(std::string_view data) {
  return fmt::format(R"({{"status":"success","data":{}}})", data);
}

void append_labels(std::string& out, const promql::Labels& labels) {
  JsonWriter json(out);
  json.begin_object();
  for (auto& label : labels) json.member(label.name, label.value);
  json.end_object();
}

std::string prometheus_result(const promql::QueryResult& result) {
  std::string out;
  if (result.type == promql::Type::text) {
    out = "{\"resultType\":\"string\",\"result\":[";
    append_time(out, result.time);
    out += ',';
    append_json_string(out, result.text);
    return out + "]}";
  }
  if (result.type == promql::Type::scalar) {
    out = "{\"resultType\":\"scalar\",\"result\":";
    append_sample(out, result.series.front().samples.front());
    return out + "}";
  }
  bool matrix = result.type == promql::Type::matrix;
  out = fmt::format(R"({{"resultType":"{}","result":[)", matrix ? "matrix" : "vector");
  for (auto& series : result.series) {
    if (&series != &result.series.front()) out += ',';
    append_series(out, series, matrix);
  }
  return out + "]}";
}

}  // namespace berth::observe
