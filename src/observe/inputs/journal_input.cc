#include "observe/inputs/journal_input.h"

#include "async/clock.h"
#include "base/strings.h"
#include "observe/inputs/line_fields.h"
#include "observe/log_level.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {

JournalInput::JournalInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : HttpInput(std::move(spec), links, std::move(places)) {
  routes_.add("POST", "/upload", [this](http::ServerRequest& request) { return take(request); });
}

Deferred<http::ServerResponse> JournalInput::take(http::ServerRequest& request) {
  request.slow_content_allowed = true;  // an upload goes on as long as the journal does
  JournalExport entries;
  while (request.content) {
    Bytes part = co_await request.content->read();
    entries.feed(part.view());
    for (;;) {
      auto entry = entries.next();
      if (!entry.ok()) {
        ++counters_.lost["no_entry"];
        co_return http::ServerResponse::problem(400, entry.error().message());
      }
      if (!*entry) break;
      take_entry(**entry);
    }
    if (part.empty()) break;
    auto safe = co_await lines_.commit().result();
    if (!safe.ok()) co_return http::ServerResponse::problem(503, safe.error().message());
  }
  if (auto entry = entries.last()) take_entry(*entry);
  auto safe = co_await lines_.commit().result();
  if (!safe.ok()) co_return http::ServerResponse::problem(503, safe.error().message());
  co_return http::ServerResponse::text("", 202);
}

void JournalInput::take_entry(const JournalEntry& entry) {
  ++counters_.received;
  FieldsLine fields;
  std::string_view message, unit, identifier, command, time, source_time, priority;
  for (auto& [name, value] : entry) {
    if (name == "MESSAGE") message = value;
    if (name == "_SYSTEMD_UNIT") unit = value;
    if (name == "SYSLOG_IDENTIFIER") identifier = value;
    if (name == "_COMM") command = value;
    if (name == "_HOSTNAME") fields.host = value;
    if (name == "PRIORITY") priority = value;
    if (name == "__REALTIME_TIMESTAMP") time = value;
    if (name == "_SOURCE_REALTIME_TIMESTAMP") source_time = value;
    if (name == "MESSAGE" || name.starts_with("__")) continue;
    std::string text = value;
    repair_utf8(text);
    fields.record.set(name, std::move(text));
  }
  counters_.bytes += message.size();
  fields.text = message.substr(0, spec_.line_bytes_max);
  LogLine& line = fields.line;
  line.cut = message.size() > spec_.line_bytes_max;
  counters_.faulty["too_long"] += line.cut;
  counters_.faulty["not_utf8"] += repair_utf8(fields.text);
  auto microseconds = parse_integer<std::int64_t>(source_time.empty() ? time : source_time, 0,
                                                  9'000'000'000'000'000);
  line.time = microseconds.ok() ? WallTime{*microseconds * 1000} : world_.clock.wall();
  auto severity = parse_integer<std::uint8_t>(priority, 0, 7);
  if (severity.ok()) line.level = log_level_of_severity(*severity);
  std::string_view service = !identifier.empty() ? identifier : !command.empty() ? command : unit;
  line.service = service.empty() ? std::string_view(spec_.service) : service;
  line.host = fields.host;
  line.text = fields.text;
  line.fields = &fields.record;
  line.input = spec_.name;
  line.parse = spec_.parse;
  lines_.take_kept(line);
}

}  // namespace berth::observe
