#include <charconv>

#include "base/strings.h"
#include "observe/inputs/number_text.h"
#include "observe/inputs/otlp.h"

// OTLP's JSON form: names in lowerCamelCase, numbers of 64 bits as strings or numbers, ids in
// hexadecimal (opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding).

namespace berth::observe {
namespace {

std::uint64_t unsigned_of(const Json& json) {
  if (auto number = json.unsigned_integer()) return *number;
  auto* text = json.string();
  if (!text) return 0;
  auto read = parse_integer<std::uint64_t>(*text);
  return read.ok() ? *read : 0;
}

std::optional<double> real_of(const Json& json) {
  if (auto number = json.number()) return number;
  if (auto* text = json.string()) return number_of_text(*text);
  return std::nullopt;
}

Json value_of(const Json& json, std::size_t depth);

Json members_of(const Json& list, std::size_t depth) {
  Json out = Json::object();
  for (auto& each : list["values"].items()) {
    out.set(std::string(each["key"].string_or("")), value_of(each["value"], depth));
  }
  return out;
}

Json value_of(const Json& json, std::size_t depth) {
  if (depth == 0) return {};
  if (auto* text = json.find("stringValue")) return *text;
  if (auto* flag = json.find("boolValue")) return *flag;
  if (auto* real = json.find("doubleValue")) return *real;
  if (auto* bytes = json.find("bytesValue")) return *bytes;
  if (auto* integer = json.find("intValue")) {
    if (!integer->is_string()) return *integer;
    auto read = parse_integer<std::int64_t>(*integer->string());
    return read.ok() ? Json(*read) : Json();
  }
  if (auto* list = json.find("arrayValue")) {
    Json out = Json::array();
    for (auto& each : (*list)["values"].items()) out.add(value_of(each, depth - 1));
    return out;
  }
  if (auto* list = json.find("kvlistValue")) return members_of(*list, depth - 1);
  return {};
}

OtlpAttributes attributes_of(const Json& list, std::size_t depth) {
  OtlpAttributes out;
  for (auto& each : list.items()) {
    out.emplace_back(each["key"].string_or(""), value_of(each["value"], depth));
  }
  return out;
}

void read_numbers(const Json& list, std::vector<std::uint64_t>& out) {
  for (auto& each : list.items()) out.push_back(unsigned_of(each));
}

OtlpLog log_of(const Json& json, std::size_t depth) {
  OtlpLog out;
  out.time = unsigned_of(json["timeUnixNano"]);
  out.observed = unsigned_of(json["observedTimeUnixNano"]);
  out.severity = static_cast<int>(unsigned_of(json["severityNumber"]) & 0xff);
  out.severity_text = json["severityText"].string_or("");
  out.body = value_of(json["body"], depth);
  out.attributes = attributes_of(json["attributes"], depth);
  out.trace_id = json["traceId"].string_or("");
  out.span_id = json["spanId"].string_or("");
  return out;
}

int integer_of(const Json& json) { return static_cast<int>(json.integer().value_or(0)); }

OtlpPoint point_of(const Json& json, std::size_t depth) {
  OtlpPoint out;
  out.start = unsigned_of(json["startTimeUnixNano"]);
  out.time = unsigned_of(json["timeUnixNano"]);
  out.attributes = attributes_of(json["attributes"], depth);
  if (auto* real = json.find("asDouble")) out.value = real_of(*real);
  if (auto* integer = json.find("asInt")) out.value = real_of(*integer);
  out.count = unsigned_of(json["count"]);
  if (auto* sum = json.find("sum")) out.sum = real_of(*sum);
  read_numbers(json["bucketCounts"], out.buckets);
  for (auto& each : json["explicitBounds"].items()) {
    out.bounds.push_back(real_of(each).value_or(0));
  }
  for (auto& each : json["quantileValues"].items()) {
    out.quantiles.emplace_back(real_of(each["quantile"]).value_or(0),
                               real_of(each["value"]).value_or(0));
  }
  out.scale = integer_of(json["scale"]);
  out.zeros = unsigned_of(json["zeroCount"]);
  out.positive_offset = integer_of(json["positive"]["offset"]);
  read_numbers(json["positive"]["bucketCounts"], out.positive);
  out.negative_offset = integer_of(json["negative"]["offset"]);
  read_numbers(json["negative"]["bucketCounts"], out.negative);
  out.no_value = unsigned_of(json["flags"]) & 1;
  return out;
}

/// A number, or the enumeration's name.
int temporality_of(const Json& json) {
  if (auto* text = json.string()) {
    return *text == "AGGREGATION_TEMPORALITY_DELTA"        ? 1
           : *text == "AGGREGATION_TEMPORALITY_CUMULATIVE" ? 2
                                                           : 0;
  }
  return integer_of(json);
}

OtlpMetric metric_of(const Json& json, std::size_t depth) {
  using Kind = OtlpMetric::Kind;
  static constexpr std::pair<std::string_view, Kind> kinds[] = {
      {"gauge", Kind::gauge},
      {"sum", Kind::sum},
      {"histogram", Kind::histogram},
      {"exponentialHistogram", Kind::exponential},
      {"summary", Kind::summary}};
  OtlpMetric out;
  out.name = json["name"].string_or("");
  out.description = json["description"].string_or("");
  out.unit = json["unit"].string_or("");
  for (auto& [name, kind] : kinds) {
    auto* data = json.find(name);
    if (!data) continue;
    out.kind = kind;
    out.temporality = temporality_of((*data)["aggregationTemporality"]);
    out.monotonic = (*data)["isMonotonic"].boolean().value_or(false);
    for (auto& each : (*data)["dataPoints"].items()) out.points.push_back(point_of(each, depth));
  }
  return out;
}

}  // namespace

Result<std::vector<OtlpResource>> read_otlp_json(std::string_view text, OtlpSignal signal,
                                                 const OtlpLimits& limits) {
  Json json = TRY(Json::parse(text));
  if (!json.is_object()) return Error(Code::invalid, "this is no message of OTLP");
  bool logs = signal == OtlpSignal::logs;
  std::size_t depth = limits.depth_max;
  std::size_t items = 0;
  std::vector<OtlpResource> out;
  for (auto& resource : json[logs ? "resourceLogs" : "resourceMetrics"].items()) {
    OtlpResource& made = out.emplace_back();
    made.attributes = attributes_of(resource["resource"]["attributes"], depth);
    for (auto& scope : resource[logs ? "scopeLogs" : "scopeMetrics"].items()) {
      for (auto& each : scope["logRecords"].items()) made.logs.push_back(log_of(each, depth));
      for (auto& each : scope["metrics"].items()) {
        made.metrics.push_back(metric_of(each, depth));
        items += made.metrics.back().points.size();
      }
    }
    items += made.logs.size();
  }
  if (items > limits.items_max) {
    return Error(Code::invalid, "a request may have at most " + std::to_string(limits.items_max) +
                                    " records or points");
  }
  return out;
}

}  // namespace berth::observe
