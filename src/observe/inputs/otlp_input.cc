#include "observe/inputs/otlp_input.h"

#include "async/clock.h"
#include "base/varint.h"
#include "observe/inputs/line_fields.h"
#include "observe/inputs/otlp_metrics.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {
namespace {

/// Severities 1 to 24, four to a level (opentelemetry.io/docs/specs/otel/logs/data-model).
std::optional<LogLevel> level_of(const OtlpLog& log) {
  if (log.severity <= 0 || log.severity > 24) return level_called(log.severity_text);
  if (log.severity <= 8) return LogLevel::debug;
  if (log.severity <= 12) return LogLevel::info;
  return log.severity <= 16 ? LogLevel::warning : LogLevel::error;
}

/// Export...ServiceResponse with its partial_success (1: 1 rejected, 2 message); empty without one.
http::ServerResponse answer_of(bool json, OtlpSignal signal, const OtlpRejected& rejected) {
  if (json) {
    Json out = Json::object();
    if (rejected.points > 0) {
      Json partial = Json::object();
      partial.set(signal == OtlpSignal::logs ? "rejectedLogRecords" : "rejectedDataPoints",
                  std::to_string(rejected.points));
      partial.set("errorMessage", rejected.why);
      out.set("partialSuccess", std::move(partial));
    }
    return http::ServerResponse::json_value(out);
  }
  std::string out;
  if (rejected.points > 0) {
    std::string partial;
    append_varint(partial, 1 << 3);
    append_varint(partial, rejected.points);
    append_varint(partial, 2 << 3 | 2);
    append_sized(partial, rejected.why);
    append_varint(out, 1 << 3 | 2);
    append_sized(out, partial);
  }
  auto answer = http::ServerResponse::text(std::move(out));
  answer.headers.set("content-type", "application/x-protobuf");
  return answer;
}

}  // namespace

OtlpInput::OtlpInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : HttpInput(std::move(spec), links, std::move(places)) {
  routes_.add("POST", "/v1/logs",
              [this](http::ServerRequest& request) { return take(request, OtlpSignal::logs); });
  routes_.add("POST", "/v1/metrics",
              [this](http::ServerRequest& request) { return take(request, OtlpSignal::metrics); });
  routes_.add("POST", "/v1/traces", [this](http::ServerRequest&) {
    ++counters_.lost["traces"];
    return ready(http::ServerResponse::problem(
        501,
        "traces are not taken: requests are counted by the proxy's records, lines and metrics; "
        "leave this exporter out (OTEL_TRACES_EXPORTER=none)"));
  });
}

Deferred<http::ServerResponse> OtlpInput::take(http::ServerRequest& request, OtlpSignal signal) {
  std::string_view type = request.head.headers.value("content-type");
  bool json = type.starts_with("application/json");
  if (!json && !type.starts_with("application/x-protobuf")) {
    co_return http::ServerResponse::problem(
        415, "content must be application/x-protobuf or application/json");
  }
  auto body = co_await decoded_body(request, body_bytes_max).result();
  if (!body.ok()) co_return body_refused(request, body.error());
  auto read = json ? read_otlp_json(*body, signal) : read_otlp(*body, signal);
  if (!read.ok()) {
    ++counters_.lost["no_message"];
    co_return http::ServerResponse::problem(400, read.error().message());
  }
  counters_.bytes += body->size();
  OtlpRejected rejected;
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  GiveSample give = [this](const OtlpSample& sample) {
    ++counters_.received;
    if (!sample.added) return samples_.add(sample.labels, sample.time, sample.value);
    return samples_.grow(sample.labels, sample.start, sample.time, sample.value);
  };
  for (auto& resource : *read) {
    take_logs(resource);
    OtlpRejected more = give_otlp_metrics(resource, now, give);
    if (rejected.points == 0) rejected.why = more.why;
    rejected.points += more.points;
    for (auto& about : about_otlp_metrics(resource)) samples_.store().note(std::move(about));
  }
  if (rejected.points > 0) counters_.lost["rejected"] += rejected.points;
  auto safe = co_await lines_.commit().result();
  if (safe.ok()) safe = co_await samples_.commit().result();
  if (!safe.ok()) co_return http::ServerResponse::problem(503, safe.error().message());
  co_return answer_of(json, signal, rejected);
}

void OtlpInput::take_logs(const OtlpResource& resource) {
  for (auto& log : resource.logs) take_log(resource, log);
}

void OtlpInput::take_log(const OtlpResource& resource, const OtlpLog& log) {
  ++counters_.received;
  FieldsLine fields;
  for (auto& [key, value] : log.attributes) fields.record.set(key, value);
  for (auto& [key, value] : resource.attributes) {
    if (!fields.record.find(key)) fields.record.set(key, value);
  }
  if (!log.trace_id.empty()) fields.record.set("trace_id", log.trace_id);
  if (!log.span_id.empty()) fields.record.set("span_id", log.span_id);
  fields.service = fields.record.text_of("service.name");
  fields.tell("", world_.clock.wall());
  fields.text = otlp_text(log.body);
  if (fields.text.size() > spec_.line_bytes_max) {
    fields.text.resize(spec_.line_bytes_max);
    repair_utf8(fields.text);
    fields.line.cut = true;
    ++counters_.faulty["too_long"];
  }
  LogLine& line = fields.line;
  std::uint64_t time = log.time != 0 ? log.time : log.observed;
  bool told = time != 0 && time < std::uint64_t{1} << 63;
  line.time = told ? WallTime{static_cast<std::int64_t>(time)} : world_.clock.wall();
  line.level = level_of(log);
  line.text = fields.text;
  line.input = spec_.name;
  line.parse = spec_.parse;
  if (line.service.empty()) line.service = spec_.service;
  lines_.take_kept(line);
}

}  // namespace berth::observe
