#include "observe/alone/log_sink.h"

namespace berth::observe {

void LogSink::note(const ParsedLine& parsed) {
  const LogLine& from = parsed.line;
  fields_.clear();
  texts_.clear();
  texts_.reserve(parsed.record.fields.size() + 1);  // so that views of them stay
  for (auto& field : parsed.record.fields) {
    if (auto* text = field.value.string()) {
      fields_.push_back({field.key, *text});
    } else {
      texts_.push_back(field.value.text());
      fields_.push_back({field.key, texts_.back()});
    }
  }
  if (!parsed.record.tags.empty()) {
    std::string& tags = texts_.emplace_back();
    for (auto& tag : parsed.record.tags) tags += (tags.empty() ? "" : " ") + tag;
    fields_.push_back({"tags", tags});
  }
  StoredLine line;
  line.time = parsed.record.time.value_or(from.time);
  line.host = from.host.empty() ? from.peer : from.host;
  line.service = from.service.empty() ? "unknown" : from.service;
  line.level = parsed.level;
  line.text = parsed.record.line;
  line.fields = fields_;
  store_.append(line);
}

}  // namespace berth::observe
