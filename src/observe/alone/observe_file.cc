#include "observe/alone/observe_file.h"

#include <algorithm>
#include <set>

#include "base/endpoint.h"
#include "base/strings.h"
#include "base/units.h"
#include "observe/parse/pipeline_file.h"
#include "observe/streams/streams_file.h"

namespace berth::observe {
namespace {

constexpr std::size_t inputs_max = 1000;

/// One reading of a file. Lives on one stack.
struct Reading {
  TomlErrors errors;
  std::string folder;
  const ObserveFileSources& sources;
  ObserveFile file;

  std::string absolute(const std::string& path) const {
    return path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
  }
  void read_observe(TomlReader& reader);
  void read_streams(TomlReader& reader);
  void read_limits(TomlReader& reader);
  void read_pipelines(TomlReader& reader);
  void read_logs(TomlReader& reader);
  void read_inputs(TomlReader& reader);
  void read_telling(TomlReader& reader, std::string_view text);
};

/// Their streams and scripts must be right too; they are read again when they run.
void Reading::read_streams(TomlReader& reader) {
  auto named = reader.string("streams");
  if (!named) return;
  file.streams = absolute(*named);
  auto check = [&]() -> Result<void> {
    std::string text = TRY(sources.read(file.streams));
    auto streams = TRY(streams::read_streams_file(text, *named));
    for (auto& script : streams.scripts) {
      std::string path = file.streams.substr(0, file.streams.rfind('/') + 1) + script;
      std::string code = TRY(sources.read(script.starts_with('/') ? script : path));
      TRY(streams::add_script(streams, code, script));
    }
    return {};
  };
  if (auto checked = check(); !checked.ok()) {
    reader.fail("streams", "cannot be used:\n" + checked.error().text());
  }
}

void Reading::read_limits(TomlReader& reader) {
  file.series_max =
      static_cast<std::size_t>(reader.integer("series_max", 100, 100'000'000)
                                   .value_or(static_cast<std::int64_t>(file.series_max)));
  auto time = [&](std::string_view key, Duration least, Duration& out) {
    auto value = reader.duration(key);
    if (value && *value < least) reader.fail(key, "must be at least two hours");
    if (value) out = *value;
  };
  time("kept", 2h, file.kept);
  time("rollups_kept", 2h, file.rollups_kept);
  auto size = [&](std::string_view key, std::int64_t least) {
    auto value = reader.size(key);
    if (value && *value < least) reader.fail(key, "must be at least " + write_size(least));
    return value;
  };
  if (auto bytes = size("queue", 1 << 20)) {
    file.queue.memory_bytes_max = static_cast<std::size_t>(*bytes);
  }
  if (auto bytes = size("spill", 0)) {
    file.queue.spill_bytes_max = static_cast<std::uint64_t>(*bytes);
  }
  file.stop_grace = reader.duration("stop_grace").value_or(file.stop_grace);
}

void Reading::read_observe(TomlReader& reader) {
  file.data = absolute(reader.string("data").value_or("observe-data"));
  if (auto text = reader.string("listen")) {
    auto plain = Address::parse(*text);
    auto endpoint = server_endpoint(*text);
    if (plain.ok() && plain->port() != 0) {
      file.listen = *plain;
    } else if (endpoint.ok() && !endpoint->secured) {
      bool path = endpoint->address.family() == Address::Family::unix_path;
      file.listen = path ? endpoint->address : endpoint->address.with_port(endpoint->port);
    } else {
      reader.fail("listen", "must be an address such as \"127.0.0.1:7400\"");
    }
  }
  read_streams(reader);
  read_limits(reader);
  reader.finish();
}

void Reading::read_pipelines(TomlReader& reader) {
  for (auto& [name, table] : reader.tables("parse")) {
    std::size_t before = errors.count();
    PipelineSpec spec = read_pipeline(table);
    if (errors.count() != before) continue;
    auto compiled = Pipeline::compile(std::move(spec), sources.zone);
    if (compiled.ok()) {
      file.pipelines.emplace(name, std::move(*compiled));
    } else {
      table.fail("parsers", "cannot be used: " + compiled.error().text());
    }
  }
}

/// [logs]: where it stands, lines are kept.
void Reading::read_logs(TomlReader& reader) {
  auto logs = reader.table("logs");
  if (!logs) return;
  LogStoreOptions options;
  auto bytes = logs->size("size");
  if (bytes && *bytes < 256 << 20) logs->fail("size", "must be at least 256MiB");
  if (bytes) options.bytes_max = static_cast<std::uint64_t>(*bytes);
  options.kept = logs->duration("kept").value_or(options.kept);
  if (options.kept < 1h) logs->fail("kept", "must be at least an hour");
  logs->finish();
  file.logs = std::move(options);
}

void Reading::read_inputs(TomlReader& reader) {
  std::vector<std::string_view> known;
  if (auto* parse = reader.table().find("parse")) {
    for (auto& member : parse->members()) known.push_back(member.key);
  }
  std::set<std::string> names;
  reader.each_table("input", [&](TomlReader& each) {
    InputSpec spec = read_input(each, folder, sources.read);
    if (!names.insert(spec.name).second) {
      each.fail(each.has("name") ? "name" : "kind",
                "is '" + spec.name + "', as another input's; give each a name of its own");
    }
    if (!spec.parse.empty() && std::ranges::find(known, spec.parse) == known.end()) {
      std::string nearest(nearest_word(spec.parse, known));
      each.fail("parse",
                "names no [parse." + spec.parse + "]" +
                    (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
                "", nearest);
    }
    for (auto& place : spec.listen) {
      for (auto& other : file.inputs) {
        if (std::ranges::find(other.listen, place) == other.listen.end()) continue;
        each.fail(
            each.has("listen") ? "listen" : "kind",
            "listens on " + place.address.text() + ", as the input '" + other.name + "' does");
      }
    }
    file.inputs.push_back(std::move(spec));
  });
  if (file.inputs.size() > inputs_max) {
    reader.fail("input", "has more than " + std::to_string(inputs_max) + " tables");
  }
}

void Reading::read_telling(TomlReader& reader, std::string_view text) {
  file.telling = observe::read_telling(reader, text, folder);
}

}  // namespace

Result<ObserveFile> read_observe_file(std::string_view text, const std::string& name,
                                      const std::string& folder,
                                      const ObserveFileSources& sources) {
  TomlValue value = TRY(TomlValue::parse(text, name));
  Reading reading{{}, folder, sources, {}};
  TomlReader reader(value, "", reading.errors);
  reading.file.data = reading.absolute("observe-data");
  reading.file.listen = Address::loopback(7400);
  if (auto observe = reader.table("observe")) reading.read_observe(*observe);
  reading.read_pipelines(reader);
  reading.read_logs(reader);
  reading.read_inputs(reader);
  reading.read_telling(reader, text);
  reader.finish();
  TRY(reading.errors.result());
  return std::move(reading.file);
}

}  // namespace berth::observe
