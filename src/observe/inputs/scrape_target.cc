#include "observe/inputs/scrape_target.h"

#include <fmt/format.h>

#include "async/clock.h"
#include "base/hash.h"
#include "observe/promql/sample_source.h"

namespace berth::observe {
namespace {

constexpr std::string_view accepted =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

}  // namespace

ScrapeTarget::ScrapeTarget(World& world, Log log, const ScrapeSpec& spec, std::size_t index,
                           http::Session& session, SampleWriter& samples)
    : world_(world),
      log_(log),
      spec_(spec),
      target_(spec.targets[index]),
      session_(session),
      samples_(samples) {}

Deferred<void> ScrapeTarget::run() {
  auto offset = static_cast<std::int64_t>(hash64(target_.url) %
                                          static_cast<std::uint64_t>(spec_.every.count()));
  std::int64_t wall = world_.clock.wall().nanoseconds;
  std::int64_t every = spec_.every.count();
  Duration first((offset - wall % every + every) % every);
  MonotonicTime due = world_.clock.now() + first;
  for (;;) {
    co_await world_.clock.until(due);
    co_await scrape();
    due = due + spec_.every;
    while (due < world_.clock.now()) due = due + spec_.every;  // skipped ones are not made good
  }
}

Deferred<ScrapeTarget::Answer> ScrapeTarget::ask() {
  http::RequestOptions options;
  options.headers = {
      {"accept", std::string(accepted)},
      {"x-prometheus-scrape-timeout-seconds", fmt::format("{}", seconds_of(spec_.timeout))}};
  options.timeouts = http::Timeouts{spec_.timeout, spec_.timeout, spec_.timeout};
  options.retries_max = 0;
  auto response = co_await session_.get(target_.url, std::move(options));
  if (!response.good()) {
    Result<void> refused =
        Error(Code::unavailable, fmt::format("it answered {}", response.status()));
    co_await or_return(std::move(refused));
  }
  Answer answer;
  answer.open_metrics =
      response.headers().value("content-type").starts_with("application/openmetrics-text");
  answer.text = co_await response.text(spec_.body_bytes_max);
  co_return answer;
}

promql::Labels ScrapeTarget::labels_of(const promql::Labels& told) const {
  std::vector<promql::Label> labels(told.begin(), told.end());
  auto put = [&](std::string_view name, std::string_view value) {
    for (auto& label : labels) {
      if (label.name != name) continue;
      if (spec_.honor_labels) return;
      label.name = "exported_" + label.name;
    }
    labels.push_back({std::string(name), std::string(value)});
  };
  put("job", spec_.job);
  put("instance", target_.instance);
  for (auto& label : spec_.labels) put(label.name, label.value);
  return promql::Labels(std::move(labels));
}

promql::Labels ScrapeTarget::own_labels(std::string_view name) const {
  std::vector<promql::Label> labels = spec_.labels;
  labels.push_back({std::string(promql::metric_name), std::string(name)});
  labels.push_back({"job", spec_.job});
  labels.push_back({"instance", target_.instance});
  return promql::Labels(std::move(labels));
}

std::size_t ScrapeTarget::take(const Exposition& exposition, std::int64_t time) {
  std::size_t added = 0;
  for (auto& about : exposition.about) samples_.store().note(about);
  for (auto& sample : exposition.samples) {
    promql::Labels labels = labels_of(sample.labels);
    bool own_time = sample.time && spec_.honor_timestamps;
    samples_.add(labels, own_time ? *sample.time : time, sample.value);
    if (own_time) continue;  // it ends by being old (as Prometheus has it)
    auto [found, is_new] = seen_.try_emplace(labels.key(), Seen{labels, scrapes_});
    found->second.scrape = scrapes_;
    added += is_new;
  }
  taken_ += exposition.samples.size();
  return added;
}

void ScrapeTarget::mark_stale(std::uint64_t older_than, std::int64_t time) {
  std::erase_if(seen_, [&](auto& each) {
    if (each.second.scrape >= older_than) return false;
    samples_.add(each.second.labels, time, promql::stale_marker);
    return true;
  });
}

void ScrapeTarget::report(std::int64_t time, bool up, Duration took, std::size_t samples,
                          std::size_t added) {
  samples_.add(own_labels("up"), time, up ? 1 : 0);
  samples_.add(own_labels("scrape_duration_seconds"), time, seconds_of(took));
  samples_.add(own_labels("scrape_samples_scraped"), time, static_cast<double>(samples));
  samples_.add(own_labels("scrape_series_added"), time, static_cast<double>(added));
}

Deferred<void> ScrapeTarget::scrape() {
  ++scrapes_;
  MonotonicTime begun = world_.clock.exact_now();
  std::int64_t time = world_.clock.wall().nanoseconds / 1'000'000;
  last_time_ = time;
  auto answer = co_await ask().result();
  if (!answer.ok() && answer.error().is(Code::cancelled)) co_return;
  Result<Exposition> read = Exposition();
  if (answer.ok()) {
    ExpositionLimits limits;
    limits.samples_max = spec_.samples_max;
    read = read_exposition(answer->text, answer->open_metrics, limits);
  } else {
    read = answer.error();
  }
  std::size_t added = read.ok() ? take(*read, time) : 0;
  mark_stale(scrapes_, time);
  Duration took = world_.clock.exact_now() - begun;
  report(time, read.ok(), took, read.ok() ? read->samples.size() : 0, added);
  failed_ += !read.ok();
  if (read.ok() != was_up_) {
    was_up_ = read.ok();
    if (was_up_) {
      log_.info("a target answers again", {{"target", target_.url}});
    } else {
      log_.warning("a target cannot be scraped",
                   {{"target", target_.url}, {"error", read.error()}});
    }
  }
  (void)co_await samples_.commit().result();
}

void ScrapeTarget::end() {
  std::int64_t now = world_.clock.wall().nanoseconds / 1'000'000;
  std::int64_t time = std::max(now, last_time_ + 1);
  if (scrapes_ == 0) return;
  mark_stale(UINT64_MAX, time);
  for (auto* name :
       {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"}) {
    samples_.add(own_labels(name), time, promql::stale_marker);
  }
}

}  // namespace berth::observe
