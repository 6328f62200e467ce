#include "observe/streams/vocabulary.h"

#include <algorithm>

#include "base/strings.h"
#include "observe/streams/folds.h"

namespace berth::observe::streams {
namespace {

using A = Arguments;

/// A stage from a function that takes its children.
template <class F>
Result<Stage> stage(F make) {
  return Stage([make = std::move(make)](Spec next) { return make(Specs{std::move(next)}); });
}
/// An end: what would come next is not asked for.
Result<Stage> end(Spec spec) {
  return Stage([spec = std::move(spec)](const Spec&) { return spec; });
}

template <Spec (*make)(Specs)>
Result<Stage> plain(A&) {
  return stage([](Specs next) { return make(std::move(next)); });
}
template <Spec (*make)(Duration, Specs)>
Result<Stage> timed(A& a) {
  Duration interval = TRY(a.duration("interval"));
  return stage([=](Specs next) { return make(interval, std::move(next)); });
}
template <Spec (*make)(std::size_t, Specs)>
Result<Stage> counted(A& a) {
  std::size_t n = TRY(a.count("number of events"));
  return stage([=](Specs next) { return make(n, std::move(next)); });
}
template <Spec (*make)(double, Specs)>
Result<Stage> numbered(A& a) {
  double x = TRY(a.number("number"));
  return stage([=](Specs next) { return make(x, std::move(next)); });
}
template <Spec (*make)(std::size_t, Duration, Specs)>
Result<Stage> limited(A& a) {
  std::size_t n = TRY(a.count("number of events"));
  Duration dt = TRY(a.duration("interval"));
  return stage([=](Specs next) { return make(n, dt, std::move(next)); });
}
template <Spec (*make)(std::vector<std::string>, Specs)>
Result<Stage> tagged_by(A& a) {
  auto tags = TRY(a.words("tags"));
  return stage([=](Specs next) { return make(tags, std::move(next)); });
}
template <Spec (*make)(Settings, Specs)>
Result<Stage> set_by(A& a) {
  auto settings = TRY(a.settings());
  return stage([=](Specs next) { return make(settings, std::move(next)); });
}

Result<Stage> read_where(A& a) {
  Predicate predicate(TRY(a.query()));
  return stage([=](Specs next) { return where(predicate, std::move(next)); });
}

Result<Stage> read_match(A& a) {
  Field field = TRY(a.field("field"));
  Matcher matcher;
  for (auto& each : TRY(a.words("values"))) {
    if (each.starts_with('~')) {
      matcher.expression = each.substr(1);
    } else {
      matcher.values.push_back(TRY(read_setting(field, each, false)).value);
    }
  }
  Predicate predicate = TRY(match_predicate(field, matcher));
  return stage([=](Specs next) { return where(predicate, std::move(next)); });
}

Result<Stage> read_adjust(A& a) {
  Field field = TRY(a.field("field"));
  Reading value = TRY(read_template(TRY(a.word("text"))));
  if (!field.is_text()) return Error(Code::invalid, "it sets texts; for numbers see scale");
  return stage([=](Specs next) { return adjust(field, value, std::move(next)); });
}

Result<Stage> read_by(A& a) {
  Readings fields;
  for (auto& name : TRY(a.words("fields"))) fields.emplace_back(Field(name));
  return stage([=](Specs next) { return by(fields, std::move(next)); });
}

Result<Stage> read_changed(A& a) {
  Field field = TRY(a.field("field"));
  ChangedOptions options;
  if (!a.empty()) {
    options.initial = TRY(read_setting(field, TRY(a.word("value")), false)).value;
  }
  return stage([=](Specs next) { return changed(field, std::move(next), options); });
}

Result<Stage> read_stable(A& a) {
  Duration dt = TRY(a.duration("time"));
  Field field = TRY(a.field("field"));
  return stage([=](Specs next) { return stable(dt, field, std::move(next)); });
}

Result<Stage> read_runs(A& a) {
  std::size_t n = TRY(a.count("number of events"));
  Field field = TRY(a.field("field"));
  return stage([=](Specs next) { return runs(n, field, std::move(next)); });
}

Result<Stage> read_top(A& a) {
  std::size_t k = TRY(a.count("number of events"));
  Field field = TRY(a.field("field"));
  return stage([=](Specs next) { return top(k, field, std::move(next)); });
}

Result<Stage> read_ddt(A& a) {
  if (a.empty()) return stage([](Specs next) { return ddt(std::move(next)); });
  Duration interval = TRY(a.duration("interval"));
  return stage([=](Specs next) { return ddt(interval, std::move(next)); });
}

Result<Stage> read_coalesce(A& a) {
  Duration dt = a.empty() ? Duration(1s) : TRY(a.duration("interval"));
  return stage([=](Specs next) { return coalesce(dt, std::move(next)); });
}

Result<Stage> read_percentiles(A& a) {
  Duration interval = TRY(a.duration("interval"));
  Points points = TRY(a.points());
  return stage([=](Specs next) { return percentiles(interval, points, std::move(next)); });
}

Result<NumberFold> number_fold(A& a) {
  std::string name = TRY(a.word("fold"));
  if (auto fold = number_fold_called(name)) return *fold;
  std::string all;
  for (auto& each : number_fold_names()) all += (all.empty() ? "" : ", ") + each;
  return Error(Code::invalid, "there is no fold '" + name + "' of numbers; there are " + all);
}

Result<Stage> read_fold_interval(A& a) {
  Duration interval = TRY(a.duration("interval"));
  Field field = TRY(a.field("field"));
  NumberFold fold = TRY(number_fold(a));
  return stage([=](Specs next) { return fold_interval(interval, field, fold, std::move(next)); });
}

Result<Stage> read_fold_interval_metric(A& a) {
  Duration interval = TRY(a.duration("interval"));
  NumberFold fold = TRY(number_fold(a));
  return stage([=](Specs next) { return fold_interval_metric(interval, fold, std::move(next)); });
}

Result<Stage> read_fill_in(A& a) {
  Duration interval = TRY(a.duration("interval"));
  Event event;
  clear(event);
  for (auto& each : TRY(a.settings())) each.field.set(event, each.value);
  return stage([=](Specs next) { return fill_in(interval, event, std::move(next)); });
}

Result<Stage> read_fill_in_last(A& a) {
  Duration interval = TRY(a.duration("interval"));
  Settings settings;
  if (!a.empty()) settings = TRY(a.settings());
  return stage([=](Specs next) { return fill_in_last(interval, settings, std::move(next)); });
}

Result<Stage> read_counter(A& a) {
  double initial = a.empty() ? 0 : TRY(a.number("beginning"));
  return stage([=](Specs next) { return counter(initial, std::move(next)); });
}

Result<Stage> read_apdex(A& a) {
  Duration dt = TRY(a.duration("interval"));
  Predicate satisfied = TRY(a.predicate("condition for satisfied"));
  Predicate tolerated = TRY(a.predicate("condition for tolerated"));
  return stage([=](Specs next) { return apdex(dt, satisfied, tolerated, std::move(next)); });
}

Result<Stage> read_predict_linear(A& a) {
  std::size_t n = TRY(a.count("number of events"));
  if (n < 2) return Error(Code::invalid, "a line needs two events at least");
  Duration ahead = TRY(a.duration("time ahead"));
  std::optional<Duration> rebuild;
  if (!a.empty()) rebuild = TRY(a.duration("time between rebuilds"));
  return stage([=](Specs next) { return predict_linear(n, ahead, rebuild, std::move(next)); });
}

Result<Stage> read_project(A& a) {
  std::vector<Predicate> basis;
  basis.push_back(TRY(a.predicate("condition")));
  while (!a.empty()) basis.push_back(TRY(a.predicate("condition")));
  return stage([=](Specs next) { return project(basis, std::move(next)); });
}

Result<Stage> read_sorted_sample(A& a) {
  Points points = TRY(a.points());
  std::string text = "sorted_sample";
  for (auto& each : points) text += " " + text_of(FieldValue(each.at)) + each.suffix;
  Expansion expansion{text, true, [=](Batch in, auto& emit) -> Result<void> {
                        for (auto& each : sorted_sample(in, points)) emit(each);
                        return {};
                      }};
  return stage([=](Specs next) { return smapcat(expansion, std::move(next)); });
}

Result<Stage> read_smap(A& a) {
  std::string name = TRY(a.word("fold"));
  auto fold = fold_called(name);
  if (!fold) return Error(Code::invalid, "there is no fold '" + name + "'");
  return stage([=](Specs next) { return smap(*fold, std::move(next)); });
}

Result<Stage> read_publish(A& a) { return end(publish(TRY(a.word("topic")))); }
Result<Stage> read_send(A& a) { return end(send(TRY(a.word("output")))); }
Result<Stage> read_delete(A& a) {
  std::vector<Field> fields;
  while (!a.empty()) fields.push_back(TRY(a.field("field")));
  return end(delete_from_index(std::move(fields)));
}
Result<Stage> read_index(A&) { return end(index()); }
Result<Stage> read_reinject(A&) { return end(reinject()); }
Result<Stage> read_log(A&) { return end(log_events()); }
Result<Stage> read_bit_bucket(A&) { return end(bit_bucket()); }

constexpr StreamFunction all[] = {
    {"adjust", "FIELD TEXT", read_adjust},
    {"apdex", "DURATION SATISFIED TOLERATED", read_apdex, true},
    {"async_queue", "N", counted<async_queue>},
    {"batch", "N DURATION", limited<batch>},
    {"bit_bucket", "", read_bit_bucket},
    {"by", "FIELD...", read_by},
    {"changed", "FIELD [INITIAL]", read_changed},
    {"changed_state", "", plain<changed_state>},
    {"clock_skew", "", plain<clock_skew>},
    {"coalesce", "[DURATION]", read_coalesce, true},
    {"counter", "[BEGINNING]", read_counter},
    {"ddt", "[DURATION]", read_ddt, true},
    {"default", "FIELD=VALUE...", set_by<default_to>},
    {"delete_from_index", "[FIELD...]", read_delete},
    {"ewma", "HALFLIFE", timed<ewma>},
    {"ewma_timeless", "R", numbered<ewma_timeless>},
    {"expired", "", plain<expired_only>},
    {"fill_in", "DURATION FIELD=VALUE...", read_fill_in, true},
    {"fill_in_last", "DURATION [FIELD=VALUE...]", read_fill_in_last, true},
    {"fixed_event_window", "N", counted<fixed_event_window>},
    {"fixed_offset_time_window", "DURATION", timed<fixed_offset_time_window>, true},
    {"fixed_time_window", "DURATION", timed<fixed_time_window>, true},
    {"fold_interval", "DURATION FIELD FOLD", read_fold_interval, true},
    {"fold_interval_metric", "DURATION FOLD", read_fold_interval_metric, true},
    {"index", "", read_index},
    {"interpolate_constant", "DURATION", timed<interpolate_constant>, true},
    {"log", "", read_log},
    {"match", "FIELD VALUE|~EXPRESSION...", read_match},
    {"mean_over_time", "", plain<mean_over_time>},
    {"moving_event_window", "N", counted<moving_event_window>},
    {"moving_time_window", "DURATION", timed<moving_time_window>},
    {"not_expired", "", plain<not_expired>},
    {"over", "X", numbered<over>},
    {"percentiles", "DURATION POINT...", read_percentiles, true},
    {"predict_linear", "N AHEAD [REBUILD]", read_predict_linear},
    {"project", "CONDITION...", read_project},
    {"publish", "TOPIC", read_publish},
    {"rate", "DURATION", timed<rate>, true},
    {"reinject", "", read_reinject},
    {"rollup", "N DURATION", limited<rollup>},
    {"runs", "N FIELD", read_runs},
    {"scale", "FACTOR", numbered<scale>},
    {"sdo", "", plain<sdo>},
    {"send", "OUTPUT", read_send},
    {"sflatten", "", plain<sflatten>},
    {"smap", "FOLD", read_smap},
    {"sorted_sample", "POINT...", read_sorted_sample},
    {"stable", "DURATION FIELD", read_stable},
    {"sum_over_time", "", plain<sum_over_time>},
    {"tag", "TAG...", tagged_by<tag>},
    {"tagged", "TAG...", tagged_by<tagged_all>},
    {"tagged_all", "TAG...", tagged_by<tagged_all>},
    {"tagged_any", "TAG...", tagged_by<tagged_any>},
    {"throttle", "N DURATION", limited<throttle>},
    {"top", "N FIELD", read_top},
    {"under", "X", numbered<under>},
    {"untag", "TAG...", tagged_by<untag>},
    {"where", "CONDITION", read_where},
    {"with", "FIELD=VALUE...", set_by<with>},
};

}  // namespace

std::span<const StreamFunction> vocabulary() { return all; }

const StreamFunction* function_called(std::string_view name) {
  auto found = std::ranges::find(all, name, &StreamFunction::name);
  return found == std::end(all) ? nullptr : found;
}

Result<Stage> read_stage(const StreamFunction& function, Arguments arguments) {
  auto made = function.read(arguments);
  if (made.ok()) {
    auto rest = arguments.finish();
    if (rest.ok()) return made;
    made = std::move(rest).error();
  }
  std::string usage(function.name);
  if (!function.usage.empty()) usage += " " + std::string(function.usage);
  return Error(Code::invalid, usage + ": " + made.error().text());
}

Result<Stage> read_stage(std::string_view text) {
  text = trim(text);
  std::string_view name = text.substr(0, text.find_first_of(" \t\n"));
  Arguments arguments = TRY(Arguments::parse(text.substr(name.size())));
  if (auto* function = function_called(name)) return read_stage(*function, std::move(arguments));
  if (auto fold = fold_called(name)) {
    TRY(arguments.finish());
    return stage([fold](Specs next) { return smap(*fold, std::move(next)); });
  }
  std::vector<std::string_view> names(fold_names().begin(), fold_names().end());
  for (auto& each : all) names.emplace_back(each.name);
  std::string near(nearest_word(name, names));
  return Error(Code::invalid, "there is no stream function '" + std::string(name) + "'" +
                                  (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace berth::observe::streams
