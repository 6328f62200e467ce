#include "observe/line_intake.h"

#include <algorithm>

#include "base/strings.h"
#include "observe/log_level.h"

namespace berth::observe {
namespace {

constexpr std::size_t attributes_max = 64;  // of an event; further fields are left out

std::optional<double> number_of(const Json& value) {
  if (auto number = value.number()) return number;
  return std::nullopt;
}

}  // namespace

bool LineIntake::anyone_wants() const {
  return std::ranges::any_of(sinks_, [](auto& each) { return each.wants(); });
}

void LineIntake::note(const LogLine& line) {
  ++counters_.lines;
  auto found = line.parse.empty() ? pipelines_.end() : pipelines_.find(line.parse);
  if (found == pipelines_.end()) {
    intake_.note(line);
    if (!anyone_wants()) return;
    Record record = line.fields ? *line.fields : Record();
    record.line = line.text;
    counters_.redacted += redact(record, Redaction());
    return hand_on(line, record, "");
  }
  auto outcome = found->second.run(std::string(line.text), clock_.wall());
  counters_.redacted += outcome.redacted;
  if (outcome.fate == Pipeline::Fate::dropped) {
    ++counters_.dropped;
    return;
  }
  intake_.note(line);
  if (outcome.parser.empty()) ++counters_.unparsed;
  if (outcome.fate == Pipeline::Fate::sampled_out) {
    ++counters_.sampled_out;
    return;
  }
  if (!anyone_wants()) return;
  if (line.fields) {
    for (auto& field : line.fields->fields) {
      if (!outcome.record.find(field.key)) outcome.record.set(field.key, field.value);
    }
  }
  hand_on(line, outcome.record, outcome.parser);
}

void LineIntake::hand_on(const LogLine& line, Record& record, std::string_view parser) {
  LogLevel level = line.level ? *line.level : log_level_of(line.text);
  if (!record.time) record.time = line.time;
  for (auto& [sink, wants] : sinks_) {
    if (wants()) sink({line, level, record, parser});
  }
}

Event event_of(const ParsedLine& parsed) {
  Event event;
  event.host = parsed.line.host.empty() ? parsed.line.peer : parsed.line.host;
  event.service = parsed.line.service;
  event.state = log_level_name(parsed.level);
  event.description = parsed.record.line;
  event.time = parsed.record.time.value_or(parsed.line.time);
  event.tags = parsed.record.tags;
  for (auto& field : parsed.record.fields) {
    if (field.key == "metric") {
      event.metric = number_of(field.value);
      continue;
    }
    if (event.attributes.size() >= attributes_max) break;
    event.attributes.emplace_back(field.key, parsed.record.text_of(field.key));
  }
  return event;
}

}  // namespace berth::observe
