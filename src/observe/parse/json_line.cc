#include "observe/parse/json_line.h"

#include <cstdint>
#include <initializer_list>

#include "base/strings.h"

namespace berth::observe {
namespace {

/// The first of these names that there is, also under `name`.
void give_name(Record& record, std::string_view name, std::initializer_list<std::string_view> of) {
  if (record.find(name)) return;
  for (auto each : of) {
    if (const Json* value = record.find(each)) {
      record.set(name, Json(*value));
      return;
    }
  }
}

/// Bunyan's and Pino's levels are numbers.
std::string_view word_of(std::int64_t level) {
  if (level < 20) return "trace";
  if (level < 30) return "debug";
  if (level < 40) return "info";
  if (level < 50) return "warning";
  return level < 60 ? "error" : "fatal";
}

}  // namespace

bool read_json_line(std::string_view line, Record& record) {
  line = trim(line);
  if (!line.starts_with('{')) return false;
  auto read = Json::parse(line);
  if (!read.ok() || !read->is_object()) return false;
  record.add_object(*read);
  give_name(record, "message", {"msg", "event", "@message", "short_message"});
  give_name(record, "level", {"severity", "lvl", "levelname", "log.level", "@level"});
  give_name(record, "time", {"@timestamp", "timestamp", "ts", "asctime", "datetime"});
  if (Json* level = record.find("level")) {
    if (auto number = level->integer()) {
      *level = Json(word_of(*number));
    } else if (level->is_string()) {
      *level = Json(lower(*level->string()));
    }
  }
  return true;
}

}  // namespace berth::observe
