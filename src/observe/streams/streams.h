#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "observe/streams/functions.h"
#include "observe/streams/spec.h"

// Riemann's stream functions by their names (riemann streams.clj), as specs: what they do is told
// there and in docs/streams.md, which also names where ours differ. `default` and `register` are
// words of C++ and have another name here. Those that take no children end a path.

namespace berth::observe::streams {

// Filters (filter_streams.cc)
Spec where(Predicate predicate, Specs children, Specs otherwise = {});
Spec match(const Field& field, const Matcher& matcher, Specs children);  // a wrong regex: a bug
using Clause = std::pair<Predicate, Spec>;
/// The first clause that holds; else `otherwise`, if there is one.
Spec split(std::vector<Clause> clauses, Spec otherwise = nullptr);
enum class Comparison : std::uint8_t { less, less_equal, greater, greater_equal, equal, unequal };
using PointClause = std::pair<FieldValue, Spec>;
/// The first clause whose value stands in that relation to the reading: splitp less metric 0.9 is
/// 0.9 < metric. None and no `otherwise`: the event fails.
Spec splitp(Comparison comparison, Reading reading, std::vector<PointClause> clauses,
            Spec otherwise = nullptr);
Spec over(double x, Specs children);
Spec under(double x, Specs children);
Spec tagged_all(std::vector<std::string> tags, Specs children);
Spec tagged_any(std::vector<std::string> tags, Specs children);
inline Spec tagged(std::vector<std::string> tags, Specs children) {
  return tagged_all(std::move(tags), std::move(children));
}
Spec expired_only(Specs children);  // `expired`
Spec not_expired(Specs children);

// Edits (edit_streams.cc)
Spec with(Settings settings, Specs children);
Spec default_to(Settings settings, Specs children);  // `default`
/// Sets a field to what the function makes of the event.
Spec adjust(Field field, Reading value, Specs children);
Spec scale(double factor, Specs children);
Spec tag(std::vector<std::string> tags, Specs children);
Spec untag(std::vector<std::string> tags, Specs children);
Spec smap(EventFunction function, Specs children);
Spec smap(Fold fold, Specs children);
/// Of events by one and of vectors by the other.
Spec smap(EventFunction function, Fold fold, Specs children);
/// As smap, but nothing is handed on as an event with nothing in it.
Spec smap_all(EventFunction function, Specs children);  // `smap*`
Spec smap_all(Fold fold, Specs children);
Spec smapcat(Expansion expansion, Specs children);
Spec sflatten(Specs children);
/// Without `initial` the first event is where it begins, and is not handed on.
Spec sreduce(Reducer reducer, std::optional<Event> initial, Specs children);
Spec sdo(Specs children);
/// Each stage gets what its events go to next; the last one nothing more.
using Stage = std::function<Spec(Spec)>;
Spec pipe(const std::vector<Stage>& stages, Spec last);

// Forks (fork_streams.cc)
struct ByOptions {
  std::optional<Duration> idle;          // StreamLimits::fork_idle
  std::optional<std::size_t> forks_max;  // StreamLimits::forks_max
};
Spec by(Readings readings, Specs children, ByOptions options = {});
/// The children of a fork are made by a function of what the readings were.
using ForkMaker = std::function<Result<Specs>(const std::vector<FieldValue>&)>;
Spec by_builder(Readings readings, std::string text, ForkMaker maker, ByOptions options = {});
Spec changed_state(Specs children);
Spec dual(Predicate predicate, Specs if_true, Specs if_false);
/// With a bottom, what is pushed out of the top is expired there and goes to the bottom at once.
Spec top(std::size_t k, Reading reading, Specs top, Specs bottom = {});
/// One instance for all forks of the `by` in which it stands.
Spec shared(const Spec& spec);

// Stability (stability_streams.cc)
struct ChangedOptions {
  FieldValue initial;  // what was there before the first event
  bool pairs = false;  // children get the previous event and this one
};
Spec changed(Reading reading, Specs children, ChangedOptions options = {});
Spec stable(Duration dt, Reading reading, Specs children);
Spec runs(std::size_t length, Reading reading, Specs children);

// Windows (window_streams.cc)
Spec moving_event_window(std::size_t n, Specs children);
Spec fixed_event_window(std::size_t n, Specs children);
Spec moving_time_window(Duration n, Specs children);
Spec fixed_time_window(Duration n, Specs children);         // n > 0
Spec fixed_offset_time_window(Duration n, Specs children);  // n > 0
inline Spec window(std::size_t n, Specs children) {
  return moving_event_window(n, std::move(children));
}

// By the clock (interval_streams.cc, fill_streams.cc); intervals > 0
Spec rate(Duration interval, Specs children);
Spec ddt(Specs children);
Spec ddt(Duration interval, Specs children);
Spec percentiles(Duration interval, Points points, Specs children);
Spec fold_interval(Duration interval, Field field, NumberFold fold, Specs children);
Spec fold_interval_metric(Duration interval, NumberFold fold, Specs children);
Spec coalesce(Duration dt, Specs children);
Spec fill_in(Duration interval, Event given, Specs children);
Spec fill_in_last(Duration interval, Settings update, Specs children);
Spec fill_in_last_by(Duration interval, EventFunction update, Specs children);  // `fill-in-last*`
Spec interpolate_constant(Duration interval, Specs children);

// Numbers over time (statistics_streams.cc)
Spec counter(double initial, Specs children);
Spec sum_over_time(Specs children);
Spec mean_over_time(Specs children);
Spec ewma(Duration halflife, Specs children);
Spec ewma_timeless(double r, Specs children);
Spec apdex(Duration dt, Predicate satisfied, Predicate tolerated, Specs children);
Spec clock_skew(Specs children);
/// The metric `s` ahead of the last of `n` events, by least squares; the line is found anew at most
/// each `rebuild`, if that is given.
Spec predict_linear(std::size_t n, Duration s, std::optional<Duration> rebuild, Specs children);
Spec project(std::vector<Predicate> basis, Specs children);

// Flow (flow_streams.cc)
Spec throttle(std::size_t n, Duration dt, Specs children);
Spec rollup(std::size_t n, Duration dt, Specs children);
Spec batch(std::size_t n, Duration dt, Specs children);
/// Hands on in a later turn; full: the event fails and is counted.
Spec async_queue(std::size_t size, Specs children);  // `async-queue!`
Spec exception_stream(Spec exceptions, Specs children);

// Ends (end_streams.cc)
Spec index();
Spec delete_from_index(std::vector<Field> fields);  // none: host and service
Spec publish(std::string topic);
Spec reinject();
Spec send(std::string output);  // StreamCore::set_output
Spec log_events();
Spec bit_bucket();
/// Calls the function: `append` and `register` of Riemann are such.
Spec call(std::string text, std::function<void(const Event&)> function);
Spec call_all(std::string text, std::function<void(Batch)> function);

}  // namespace berth::observe::streams
