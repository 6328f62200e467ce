// promql_server FILE: Prometheus' API at / over the samples of an OpenMetrics file, on a free port,
// which it prints. Held against a real Prometheus with the same samples.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "async/disk.h"
#include "async/network.h"
#include "http/server.h"
#include "observe/exposition.h"
#include "observe/prometheus_api.h"
#include "os/react.h"

using namespace berth;

/// All samples of a file in memory.
class Loaded final : public observe::SeriesSource {
 public:
  explicit Loaded(observe::Exposition exposition) {
    for (auto& sample : exposition.samples) {
      series_[std::move(sample.labels)].push_back({sample.time.value_or(0), sample.value});
    }
    for (auto& [labels, samples] : series_) {
      std::ranges::sort(samples, {}, &promql::Sample::time);
    }
  }

  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t) override {
    std::vector<promql::SampleSeries> out;
    for (auto& [labels, samples] : series_) {
      if (!selection.accepts(labels)) continue;
      promql::SampleSeries found{labels, {}};
      for (auto& sample : samples) {
        bool within = sample.time >= selection.from && sample.time <= selection.to;
        if (within) found.samples.push_back(sample);
      }
      if (!found.samples.empty()) out.push_back(std::move(found));
    }
    return ready(std::move(out));
  }
  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) override {
    std::vector<promql::Labels> out;
    for (auto& found : co_await select(std::move(selection), 0)) out.push_back(found.labels);
    co_return out;
  }
  std::vector<observe::MetricAbout> about() const override { return {}; }

 private:
  std::map<promql::Labels, std::vector<promql::Sample>> series_;
};

Deferred<void> serve(World& world, const char* path) {
  std::string text = co_await world.disk.read_file(path, 1 << 30);
  Loaded loaded(co_await or_return(
      observe::read_exposition(text, true, {.samples_max = 10'000'000, .labels_max = 64})));
  http::Router router;
  observe::PrometheusOptions options;
  options.prefix = "";
  observe::add_prometheus_routes(router, world, loaded, options);
  http::Server server(world.clock, [&](http::ServerRequest& r) { return router.route(r); });
  auto listener = co_await or_return(world.network.listen(Address::loopback(0)));
  fmt::print("{}\n", listener->address().port());
  std::fflush(stdout);
  server.serve(std::move(listener));
  co_await world.clock.after(24h * 365);
}

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print(stderr, "usage: promql_server FILE\n");
    return 2;
  }
  return os::react([&](World& world) { return serve(world, arguments[1]); });
}
