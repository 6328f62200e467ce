#include "observe/alone/alone.h"

#include <algorithm>

#include "async/clock.h"
#include "observe/prometheus_api.h"
#include "observe/samples/remote_write_routes.h"

namespace berth::observe {

Alone::Alone(World& world, Log log, std::string version)
    : world_(world), log_(log), version_(std::move(version)), begun_(world.clock.now()) {}

Alone::~Alone() = default;

Deferred<void> Alone::start(ObserveFile file) {
  co_await open_stores(file);
  connect(file);
  co_await streams_->start();
  add_routes();
  co_await apply(std::move(file));
}

Deferred<void> Alone::open_stores(const ObserveFile& file) {
  queue_limits_ = file.queue;
  data_ = file.data;
  SampleStoreOptions samples;
  samples.folder = data_ + "/samples";
  samples.series_max = file.series_max;
  samples.kept = file.kept / 1ms;
  samples.rollups_kept = file.rollups_kept / 1ms;
  samples_ = std::make_unique<SampleStore>(world_, log_.named("samples"), samples);
  co_await samples_->open();
  if (file.logs) {
    LogStoreOptions logs = *file.logs;
    logs.folder = data_ + "/logs";
    logs_ = std::make_unique<LogStore>(world_, log_.named("logs"), logs);
    co_await logs_->open();
    log_sink_ = std::make_unique<LogSink>(*logs_);
  }
  all_series_ = std::make_unique<AllSeries>(*samples_);
}

/// Who gets what: each line to the log store and to streams, where there are any, and each event's
/// metric to the samples. Outputs, alerts and KPIs hang on the streams.
void Alone::connect(const ObserveFile& file) {
  observer_ = std::make_unique<Observer>(world_, *samples_, log_.named("observer"));
  observer_->start();
  writer_ = std::make_unique<SampleWriter>(world_, log_.named("samples"), *samples_);
  lines_ = std::make_unique<LineIntake>(*observer_, world_.clock);
  streams_ = std::make_unique<LocalStreams>(
      world_, log_.named("streams"), [this](const Event& event) { writer_->add(event); },
      file.streams);
  telling_ = std::make_unique<Telling>(world_, log_, data_, streams_->core(), *all_series_);
  if (logs_) lines_->add_sink([this](const ParsedLine& line) { log_sink_->note(line); });
  auto as_event = [this](const ParsedLine& line) {
    Event event = event_of(line);
    streams_->core().begin_turn();
    streams_->core().inject(event);
  };
  lines_->add_sink(as_event, [this] { return lines_are_events_; });
}

Deferred<void> Alone::open_queue() {
  queue_ = std::make_unique<LineQueue>(world_, log_.named("lines"), *lines_, data_ + "/lines",
                                       queue_limits_);
  co_await queue_->open(observer_->marked());
  if (logs_) queue_->also_commit([this] { return logs_->commit(); });
  observer_->mark_by([this] { return queue_->counted(); });
  scope_.add(tend_journal());
}

/// What is in the log of samples, with its mark, is counted.
Deferred<void> Alone::tend_journal() {
  for (;;) {
    co_await observer_->next_second();
    std::uint64_t marked = observer_->marked();
    auto written = co_await samples_->commit().result();
    if (written.ok() && marked != 0) (void)co_await queue_->forget(marked).result();
  }
}

InputLinks Alone::links() {
  return {world_, log_.named("input"), *queue_, *writer_, streams_->core(), data_};
}

Deferred<void> Alone::apply(ObserveFile file) {
  if (file.data != data_) {
    Result<void> refused = Error(
        Code::unsupported, "[observe] data was changed, which needs a restart; it is " + data_);
    co_await or_return(std::move(refused));
  }
  Address before = listen_;
  co_await or_return(move_site(file.listen));
  auto pipelines = lines_->set_pipelines(std::move(file.pipelines));
  bool were_events = std::exchange(lines_are_events_, !file.streams.empty());
  if (!queue_) {
    co_await telling_->apply(file.telling);  // before lines come again, which it is told of
    co_await open_queue();
  }
  auto changed = co_await change_inputs(std::move(file.inputs)).result();
  if (!changed.ok()) {
    lines_->set_pipelines(std::move(pipelines));
    lines_are_events_ = were_events;
    if (before.family() != Address::Family::none) co_await or_return(move_site(before));
    co_await or_return(std::move(changed));
  }
  streams_->set_file(file.streams);
  co_await telling_->apply(std::move(file.telling));
  ++revision_;
}

bool Alone::waits_for_place(const InputSpec& spec, const std::vector<InputSpec>& wanted) const {
  for (auto& [name, running] : inputs_) {
    if (std::ranges::find(wanted, running.spec) != wanted.end()) continue;
    for (auto& place : running.spec.listen) {
      if (std::ranges::find(spec.listen, place) != spec.listen.end()) return true;
    }
  }
  return false;
}

/// Those whose places are free are opened first, so that one that cannot be had changes nothing.
Deferred<void> Alone::change_inputs(std::vector<InputSpec> wanted) {
  Inputs made;
  std::vector<InputSpec> later;
  for (auto& spec : wanted) {
    auto running = inputs_.find(spec.name);
    if (running != inputs_.end() && running->second.spec == spec) continue;
    if (waits_for_place(spec, wanted)) {
      later.push_back(spec);
      continue;
    }
    auto input = co_await or_return(make_input(spec, links()));
    made[spec.name] = {spec, std::move(input)};
  }
  for (auto it = inputs_.begin(); it != inputs_.end();) {
    if (std::ranges::find(wanted, it->second.spec) != wanted.end()) {
      ++it;
      continue;
    }
    auto ending = std::move(it->second.input);
    it = inputs_.erase(it);
    co_await ending->close();
  }
  inputs_.merge(made);
  for (auto& spec : later) {
    auto input = co_await or_return(make_input(spec, links()));
    inputs_[spec.name] = {spec, std::move(input)};
  }
}

Result<void> Alone::move_site(const Address& to) {
  if (listen_ == to) return {};
  auto listener = world_.network.listen(to);
  if (!listener.ok()) {
    return std::move(listener).error().during("listening on " + to.text() + " for HTTP");
  }
  http::ServerOptions options;
  options.log = log_.named("http");
  site_ = std::make_unique<http::Server>(
      world_.clock, [this](http::ServerRequest& request) { return for_programs(routes_, request); },
      options);
  site_->serve(std::move(*listener));
  listen_ = to;
  return {};
}

void Alone::add_routes() {
  PrometheusOptions options;
  options.version = version_;
  add_prometheus_routes(routes_, world_, *all_series_, options);
  add_remote_write_route(routes_, *samples_, "/prometheus");
  telling_->add_routes(routes_);
  routes_.add("GET", "/metrics", [this](http::ServerRequest&) {
    auto answer = http::ServerResponse::text(metrics());
    answer.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
    return ready(std::move(answer));
  });
  routes_.add("GET", "/health", [this](http::ServerRequest&) {
    bool runs = revision_ > 0;
    return ready(runs ? http::ServerResponse::text("ok\n")
                      : http::ServerResponse::problem(503, "it starts: its inputs are not open"));
  });
}

Deferred<void> Alone::close() {
  for (auto& [name, running] : inputs_) co_await running.input->close();
  if (site_) co_await site_->close();
  if (queue_) co_await queue_->close();
  co_await scope_.close();
  if (streams_) co_await streams_->close();
  if (telling_) co_await telling_->close();
  if (observer_) observer_->stop();
  if (logs_) co_await logs_->close();
  if (samples_) co_await samples_->close();
}

}  // namespace berth::observe
