// Samples for bench/observe_series.py, and the store that takes them.
//   observe_series make FOLDER   writes requests of remote write, one a file, in the order of time
//   observe_series serve FOLDER  Prometheus' API and remote write on a free port, which it prints;
//                                POST /flush writes all into blocks
#include <fmt/format.h>
#include <snappy.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <random>

#include "async/network.h"
#include "base/varint.h"
#include "http/server.h"
#include "observe/prometheus_api.h"
#include "observe/samples/remote_write_routes.h"
#include "os/react.h"

using namespace berth;

namespace {

constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3'600 * second;
constexpr std::int64_t end = 1'700'006'400 * second;   // a whole two hours
constexpr std::int64_t fine_from = end - 3 * hour;     // all series at 10 s from here
constexpr std::int64_t coarse_from = end - 24 * hour;  // latencies at 30 s from here
constexpr std::size_t series_a_request = 2000;

void append_field(std::string& out, std::uint64_t number, std::string_view bytes) {
  append_varint(out, number << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

struct Made {
  std::string labels;            // encoded
  std::function<double()> next;  // value
  bool latency;
};

class Maker {
 public:
  Maker() {
    for (int service = 0; service < 50; ++service) {
      for (int instance = 0; instance < 20; ++instance) add_instance(service, instance);
    }
    for (int path = 0; path < 20; ++path) add_latencies(path);
  }

  void write(const std::string& folder) {
    for (std::int64_t time = coarse_from; time < end;
         time += time < fine_from ? 30 * second : 10 * second) {
      request(folder, time, time >= fine_from);
    }
    std::printf("%zu %zu\n", series_.size(), samples_);
  }

 private:
  void add(std::vector<std::pair<std::string, std::string>> labels, std::function<double()> next,
           bool latency = false) {
    std::ranges::sort(labels);
    std::string encoded;
    for (auto& [name, value] : labels) {
      std::string pair;
      append_field(pair, 1, name);
      append_field(pair, 2, value);
      append_field(encoded, 1, pair);
    }
    series_.push_back({std::move(encoded), std::move(next), latency});
  }

  void add_instance(int service, int instance) {
    auto labels = [=](const char* name) {
      return std::vector<std::pair<std::string, std::string>>{
          {"__name__", name},
          {"service", fmt::format("service-{}", service)},
          {"instance", fmt::format("10.0.{}.{}:8000", service, instance)}};
    };
    auto poisson = [this, of = std::poisson_distribution<int>(40)]() mutable {
      return of(random_);
    };
    add(labels("http_requests_total"), [=, sum = 0.0]() mutable { return sum += poisson(); });
    add(labels("process_cpu_seconds_total"), [=, sum = 0.0]() mutable {
      sum += poisson() / 100.0;
      return std::round(sum * 100) / 100;
    });
    auto walk = [this, now = 50'000.0]() mutable {
      if (random_() % 4 == 0)
        now = std::max(1000.0, now + std::normal_distribution(0.0, 50.0)(random_));
      return std::floor(now) * 4096;
    };
    add(labels("process_resident_memory_bytes"), walk);
    add(labels("up"), [] { return 1.0; });
    if (instance % 2 == 0) {
      auto percent = [this, now = 50.0]() mutable {
        now = std::clamp(now + std::normal_distribution(0.0, 2.0)(random_), 0.0, 100.0);
        return std::round(now * 10) / 10;
      };
      add(labels("cpu_used_percent"), percent);
      // A mean of many: a fraction without end.
      add(labels("queue_seconds_mean"),
          [this] { return std::gamma_distribution(2.0, 0.01)(random_); });
    }
  }

  void add_latencies(int path) {
    auto counts = std::make_shared<std::vector<double>>(12);
    for (int bucket = 0; bucket < 12; ++bucket) {
      std::string le = bucket == 11 ? "+Inf" : fmt::format("{}", 0.005 * (1 << bucket));
      add(
          {{"__name__", "latency_seconds_bucket"},
           {"path", fmt::format("/path/{}", path)},
           {"le", le}},
          [this, counts, bucket] {
            if (bucket == 0) {
              for (int i = std::poisson_distribution<int>(30)(random_); i > 0; --i) {
                double took = std::exponential_distribution(20.0)(random_);
                for (int b = 0; b < 12; ++b) (*counts)[b] += b == 11 || took <= 0.005 * (1 << b);
              }
            }
            return (*counts)[bucket];
          },
          true);
    }
  }

  void request(const std::string& folder, std::int64_t time, bool all) {
    std::string text;
    std::size_t count = 0;
    for (auto& series : series_) {
      if (!all && !series.latency) continue;
      double value = series.next();
      std::string sample = "\x09";
      sample.append(reinterpret_cast<const char*>(&value), 8);
      sample += '\x10';
      append_varint(sample, static_cast<std::uint64_t>(time));
      std::string body = series.labels;
      append_field(body, 2, sample);
      append_field(text, 1, body);
      ++samples_;
      if (++count % series_a_request == 0) write_body(folder, text);
    }
    write_body(folder, text);
  }

  void write_body(const std::string& folder, std::string& text) {
    if (text.empty()) return;
    std::string packed;
    snappy::Compress(text.data(), text.size(), &packed);
    std::ofstream(fmt::format("{}/{:06}", folder, files_++), std::ios::binary) << packed;
    text.clear();
  }

  std::mt19937_64 random_{1};
  std::vector<Made> series_;
  std::size_t samples_ = 0;
  std::size_t files_ = 0;
};

Deferred<void> serve(World& world, std::string folder) {
  // Nothing is removed: the samples' times are long past.
  observe::SampleStore store(world, Log(), {.folder = std::move(folder), .kept = 1'000'000 * hour});
  co_await store.open();
  http::Router router;
  observe::add_prometheus_routes(router, world, store, {.prefix = ""});
  observe::add_remote_write_route(router, store, "");
  router.add("POST", "/flush", [&](http::ServerRequest&) -> Deferred<http::ServerResponse> {
    co_await store.cut(end + 2 * hour);
    co_return http::ServerResponse::text("");
  });
  http::Server server(world.clock, [&](http::ServerRequest& r) { return router.route(r); });
  auto listener = co_await or_return(world.network.listen(Address::loopback(0)));
  std::printf("%d\n", listener->address().port());
  std::fflush(stdout);
  server.serve(std::move(listener));
  co_await world.clock.after(24h);
}

}  // namespace

int main(int count, char** arguments) {
  std::string_view what = count == 3 ? arguments[1] : "";
  if (what == "make") {
    Maker().write(arguments[2]);
    return 0;
  }
  if (what == "serve") return os::react([&](World& world) { return serve(world, arguments[2]); });
  std::fprintf(stderr, "usage: observe_series make|serve FOLDER\n");
  return 2;
}
