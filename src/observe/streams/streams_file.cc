#include "observe/streams/streams_file.h"

#include <set>

#include "base/toml_reader.h"
#include "observe/streams/folds.h"
#include "observe/streams/lua_streams.h"
#include "observe/streams/toml_event.h"
#include "observe/streams/vocabulary.h"

namespace berth::observe::streams {
namespace {

/// Reads one [[stream]] into stages, the first one first.
class StreamReader {
 public:
  StreamReader(TomlReader& reader, TomlErrors& errors) : reader_(reader), errors_(errors) {}

  NamedSpec read() {
    reader_.require("name");
    NamedSpec out{reader_.string("name").value_or(""), nullptr};
    read_where();
    read_by();
    read_compute();
    read_changes();
    read_throttle();
    Specs ends = read_ends();
    read_alert(ends);
    reader_.finish();
    out.spec = pipe(stages_, sdo(std::move(ends)));
    auto shapes = check_shapes(*out.spec);
    if (!shapes.ok() && !errors_.any()) reader_.fail("compute", shapes.error().text());
    if (out.spec->takes == Takes::vectors && !errors_.any()) {
      reader_.fail("compute",
                   "begins with a fold of vectors; put a window or coalesce before it, "
                   "or give 'every'");
    }
    return out;
  }

 private:
  void add(std::string_view key, Result<Stage> stage) {
    if (stage.ok()) {
      stages_.push_back(std::move(*stage));
    } else {
      reader_.fail(key, std::string("is wrong: ") + stage.error().text());
    }
  }

  void read_where() {
    auto text = reader_.string("where");
    if (!text) return;
    auto query = Query::parse(*text);
    if (!query.ok()) return reader_.fail("where", "is wrong: " + query.error().text());
    stages_.push_back([predicate = Predicate(std::move(*query))](Spec next) {
      return where(predicate, {std::move(next)});
    });
  }

  void read_by() {
    auto names = reader_.strings("by");
    auto idle = reader_.duration("idle");
    auto forks_max = reader_.integer("forks_max", 1, 10'000'000);
    if (!names) {
      if (idle || forks_max) reader_.fail(idle ? "idle" : "forks_max", "has no meaning without by");
      return;
    }
    if (names->empty()) return reader_.fail("by", "must name a field at least");
    ByOptions options;
    if (idle && (*idle <= Duration(0) || *idle > Arguments::longest)) {
      return reader_.fail("idle", "must be more than zero and less than ten years");
    }
    options.idle = idle;
    if (forks_max) options.forks_max = static_cast<std::size_t>(*forks_max);
    Readings fields;
    for (auto& name : *names) fields.emplace_back(Field(name));
    stages_.push_back([=](Spec next) { return by(fields, {std::move(next)}, options); });
  }

  /// A string, or an array of strings, of which `every` is the first one's interval.
  void read_compute() {
    std::vector<std::string> steps;
    const TomlValue* value = reader_.value("compute");
    if (value && value->string()) {
      steps.push_back(*value->string());
    } else if (value) {
      steps = reader_.strings("compute").value_or(steps);
    }
    auto every = reader_.string("every");
    if (every && steps.empty()) return reader_.fail("every", "has no meaning without compute");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      std::string step = steps[i];
      if (every && i == 0) {
        std::string name = step.substr(0, step.find(' '));
        auto* function = function_called(name);
        if (function && function->interval_first) {
          step.insert(name.size(), " " + *every);
        } else if (number_fold_called(name)) {
          step = "fold_interval_metric " + *every + " " + step;
        } else {
          reader_.fail("every", "has no meaning for '" + name + "'");
          continue;
        }
      }
      add("compute", read_stage(step));
    }
  }

  void read_changes() {
    read_settings("default", false);
    if (auto factor = reader_.number("scale")) {
      stages_.push_back([=](Spec next) { return scale(*factor, {std::move(next)}); });
    }
    read_settings("set", true);
    if (auto tags = reader_.strings("tag")) {
      stages_.push_back([=](Spec next) { return tag(*tags, {std::move(next)}); });
    }
    if (auto tags = reader_.strings("untag")) {
      stages_.push_back([=](Spec next) { return untag(*tags, {std::move(next)}); });
    }
  }

  /// { service = "%{service} p95", ttl = 30, state = "ok" }
  void read_settings(std::string_view key, bool over_what_is_there) {
    const TomlValue* table = reader_.value(key);
    if (!table) return;
    if (!table->is_table()) return reader_.fail(key, "must be a table");
    Settings settings;
    for (auto& member : table->members()) {
      Field field(member.key);
      auto value = toml_field_value(field, member.value);
      if (!value) {
        reader_.fail(key, "cannot set '" + member.key + "' to " + std::string(member.value.kind()));
      } else if (auto* text = std::get_if<std::string>(&*value);
                 text && over_what_is_there && text->contains("%{")) {
        add(key, read_stage(*function_called("adjust"), Arguments({{member.key}, {*text, true}})));
      } else {
        settings.push_back({field, std::move(*value)});
      }
    }
    if (settings.empty()) return;
    stages_.push_back([=](Spec next) {
      return over_what_is_there ? with(settings, {std::move(next)})
                                : default_to(settings, {std::move(next)});
    });
  }

  /// "10 1m", as the arguments of throttle and rollup.
  void read_throttle() {
    if (auto text = reader_.string("throttle")) add("throttle", read_stage("throttle " + *text));
  }

  /// Where it goes: "index" if nothing is said.
  Specs read_ends() {
    Specs ends;
    auto names = reader_.strings("to");
    for (auto& text : names.value_or(std::vector<std::string>{"index"})) {
      auto stage = read_stage(text);
      if (!stage.ok()) {
        reader_.fail("to", "is wrong: " + stage.error().text());
        continue;
      }
      Spec spec = (*stage)(nullptr);
      if (spec->children.empty()) {
        ends.push_back(std::move(spec));
      } else {
        reader_.fail("to", "must be an end such as index or publish TOPIC, not '" + text + "'");
      }
    }
    return ends;
  }

  /// The state by thresholds, changes of it to a topic. Put before the ends, so that these see it.
  void read_alert(Specs& ends) {
    auto alert = reader_.table("alert");
    if (!alert) return;
    std::vector<std::pair<std::string, Query>> levels;
    for (auto* name : {"critical", "warning"}) {
      if (auto text = alert->string(name)) {
        auto query = Query::parse(*text);
        if (query.ok()) {
          levels.emplace_back(name, std::move(*query));
        } else {
          alert->fail(name, "is wrong: " + query.error().text());
        }
      }
    }
    std::string absent = alert->string("absent").value_or("");
    if (!absent.empty() && absent != "critical" && absent != "warning") {
      alert->fail("absent", "must be \"critical\" or \"warning\"");
    }
    if (levels.empty() && absent.empty()) {
      alert->fail("critical", "must be a condition, or warning, or absent be given");
    }
    std::string topic = alert->string("to").value_or("alerts");
    auto stands = alert->duration("for");
    if (stands && (*stands < Duration(0) || *stands > Arguments::longest)) {
      alert->fail("for", "must be a length of time of less than ten years");
    }
    alert->finish();
    if (errors_.any()) return;
    stages_.push_back([=](Spec next) { return with_states(levels, absent, std::move(next)); });
    ends.push_back(state_changes(stands.value_or(Duration(0)), topic));
  }

  // An event that is expired keeps this state, unless its absence is what is to be told.
  static Spec with_states(const std::vector<std::pair<std::string, Query>>& levels,
                          const std::string& absent, Spec next) {
    std::vector<Clause> clauses;
    Spec gone = absent.empty() ? next : with({{"alert", absent}}, {next});
    clauses.emplace_back(is_expired(), std::move(gone));
    for (auto& [name, query] : levels) {
      clauses.emplace_back(query, with({{"state", name}}, {next}));
    }
    return split(std::move(clauses), with({{"state", "ok"}}, {next}));
  }

  static Spec state_changes(Duration stands, const std::string& topic) {
    Spec told = changed("state", {publish(topic)}, {.initial = "ok"});
    if (stands > Duration(0)) told = stable(stands, "state", {told});
    Spec forks = by({"host", "service"}, {told});
    // Of expired events only those whose absence counts, as what they count as.
    std::vector<Clause> clauses;
    for (auto* level : {"critical", "warning"}) {
      Query query = Query::parse(std::string("alert = \"") + level + "\"").value();
      clauses.emplace_back(
          std::move(query),
          with({{"state", level}, {"alert", {}}, {"description", "no event came in time"}},
               {forks}));
    }
    clauses.emplace_back(is_expired(), bit_bucket());
    return split(std::move(clauses), forks);
  }

  TomlReader& reader_;
  TomlErrors& errors_;
  std::vector<Stage> stages_;
};

void read_limits(TomlReader& reader, StreamLimits& limits) {
  auto table = reader.table("limits");
  if (!table) return;
  auto time = [&](std::string_view key, Duration& out) {
    auto value = table->duration(key);
    if (!value) return;
    if (*value <= Duration(0) || *value > Arguments::longest) {
      return table->fail(key, "must be more than zero and less than ten years");
    }
    out = *value;
  };
  auto count = [&](std::string_view key, std::size_t& out) {
    if (auto value = table->integer(key, 1, 100'000'000)) out = static_cast<std::size_t>(*value);
  };
  time("ttl", limits.ttl);
  time("reap_every", limits.reap_every);
  time("fork_idle", limits.fork_idle);
  count("index_events_max", limits.index_events_max);
  count("held_events_max", limits.held_events_max);
  count("forks_max", limits.forks_max);
  count("queue_events_max", limits.queue_events_max);
  if (auto keeps = table->strings("expired_keeps")) limits.expired_keeps = std::move(*keeps);
  table->finish();
}

}  // namespace

Result<StreamsFile> read_streams_file(std::string_view text, const std::string& name) {
  TomlValue file = TRY(TomlValue::parse(text, name));
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  StreamsFile out;
  read_limits(reader, out.limits);
  out.scripts = reader.strings("scripts").value_or(std::vector<std::string>());
  std::set<std::string> names;
  const TomlValue none;
  const TomlValue* list = reader.value("stream");
  std::size_t index = 0;
  for (auto& item : list ? list->items() : none.items()) {
    if (!item.is_table()) break;
    TomlErrors own;
    TomlReader inner(item, "stream[" + std::to_string(index++) + "]", own);
    NamedSpec made = StreamReader(inner, own).read();
    if (!names.insert(made.name).second) {
      inner.fail("name", "'" + made.name + "' is the name of another stream as well");
    }
    for (auto& problem : own.problems()) errors.add(problem);
    out.streams.push_back(std::move(made));
  }
  if (list && (list->items().empty() || index != list->items().size())) {
    reader.fail("stream", "must be an array of tables: [[stream]]");
  }
  reader.finish();
  TRY(errors.result());
  return out;
}

Result<void> add_script(StreamsFile& file, std::string_view text, const std::string& name) {
  for (auto& made : TRY(read_lua_streams(text, name))) {
    for (auto& each : file.streams) {
      if (each.name == made.name) {
        return Error(Code::invalid,
                     name + ": '" + made.name + "' is the name of another stream as well");
      }
    }
    file.streams.push_back(std::move(made));
  }
  return {};
}

}  // namespace berth::observe::streams
