#include "observe/sample_writer.h"

#include <cmath>

#include "async/clock.h"
#include "observe/metric_names.h"

namespace berth::observe {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr Duration tell_every = 10s;

}  // namespace

bool SampleWriter::add(const promql::Labels& labels, std::int64_t time, double value) {
  auto added = store_.add(labels, {time, value});
  if (added.ok()) {
    ++taken_;
    return true;
  }
  ++refused_;
  if (world_.clock.now() >= tell_after_) {
    tell_after_ = world_.clock.now() + tell_every;
    log_.warning("a sample was refused", {{"error", added.error()}, {"refused", refused_}});
  }
  return false;
}

bool SampleWriter::grow(const promql::Labels& labels, std::int64_t start, std::int64_t time,
                        double value) {
  HeadSeries* known = store_.index().find(labels);
  bool there = known && !known->chunks.empty();
  if (there && time <= known->last_time) return add(labels, time, NAN);  // is refused, and told
  double before = there ? known->chunks.newest().last_value() : 0;
  if (!there && start > 0 && start < time) (void)add(labels, start, 0);
  return add(labels, time, (std::isfinite(before) ? before : 0) + value);
}

bool SampleWriter::add(const Event& event) {
  if (!event.metric || event.service.empty()) return true;
  WallTime now = world_.clock.wall();
  bool whole = event.time.nanoseconds % second == 0;
  bool just_now = event.time <= now && now - event.time < 2s;
  WallTime time = whole && just_now ? now : event.time;
  promql::Labels labels = labels_of_name(event.service, {{"host", event.host}});
  return add(labels, time.nanoseconds / 1'000'000, *event.metric);
}

}  // namespace berth::observe
