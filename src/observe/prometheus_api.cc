#include "observe/prometheus_api.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>
#include <set>

#include "async/clock.h"
#include "async/executor.h"
#include "observe/prometheus_json.h"
#include "observe/prometheus_parameters.h"
#include "observe/promql/parser.h"

namespace berth::observe {
namespace {

using http::ServerRequest;
using http::ServerResponse;
using promql::Query;
using promql::QueryLimits;
using promql::QueryResult;
using promql::QueryTimes;

/// Before and behind all that is ever kept.
constexpr std::int64_t always_from = -9'000'000'000'000'000;
constexpr std::int64_t always_to = 9'000'000'000'000'000;

ServerResponse fault(PrometheusFault kind, std::string_view message) {
  return ServerResponse::json(prometheus_error(kind, message), status_of(kind));
}
ServerResponse bad_data(const Error& error) {
  return fault(PrometheusFault::bad_data, error.message());
}
ServerResponse success(std::string_view json) {
  return ServerResponse::json(prometheus_data(json));
}

/// Lives as long as the routes do.
class Api {
 public:
  Api(World& world, SeriesSource& source, PrometheusOptions options)
      : world_(world), source_(source), options_(std::move(options)) {}

  const PrometheusOptions& options() const { return options_; }

  Deferred<ServerResponse> query(ServerRequest& request) {
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    auto time = parameters->time("time", now());
    if (!time.ok()) co_return bad_data(time.error());
    co_return co_await answer(*parameters, QueryTimes::at(*time));
  }

  Deferred<ServerResponse> query_range(ServerRequest& request) {
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    auto times = range(*parameters);
    if (!times.ok()) co_return bad_data(times.error());
    co_return co_await answer(*parameters, *times);
  }

  Deferred<ServerResponse> series(ServerRequest& request) {
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    if (parameters->values("match[]").empty()) {
      co_return bad_data(Error(Code::invalid, "no match[] parameter provided"));
    }
    auto found = co_await label_sets(*parameters).result();
    if (!found.ok()) co_return bad_data(found.error());
    std::set<promql::Labels> sorted(found->begin(), found->end());
    std::string out = "[";
    for (auto& labels : sorted) {
      if (out.size() > 1) out += ',';
      append_labels(out, labels);
    }
    co_return success(out + "]");
  }

  Deferred<ServerResponse> labels(ServerRequest& request) {
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    auto found = co_await label_sets(*parameters).result();
    if (!found.ok()) co_return bad_data(found.error());
    std::set<std::string_view> names;
    for (auto& labels : *found) {
      for (auto& label : labels) names.insert(label.name);
    }
    co_return success(list(names));
  }

  Deferred<ServerResponse> label_values(ServerRequest& request) {
    std::string name(request.parameter("name"));
    if (!promql::is_label_name(name)) {
      co_return bad_data(Error(Code::invalid, fmt::format("invalid label name: \"{}\"", name)));
    }
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    auto found = co_await label_sets(*parameters).result();
    if (!found.ok()) co_return bad_data(found.error());
    std::set<std::string_view> values;
    for (auto& labels : *found) {
      if (labels.has(name)) values.insert(labels.value(name));
    }
    co_return success(list(values));
  }

  Deferred<ServerResponse> metadata(ServerRequest& request) {
    auto parameters = co_await read(request).result();
    if (!parameters.ok()) co_return bad_data(parameters.error());
    std::string_view wanted = parameters->value("metric");
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (auto& each : source_.about()) {
      if (!wanted.empty() && each.name != wanted) continue;
      json.key(each.name).begin_array().begin_object();
      json.member("type", each.type).member("help", each.help).member("unit", each.unit);
      json.end_object().end_array();
    }
    json.end_object();
    co_return success(out);
  }

  ServerResponse build_info() const {
    // Readers choose what they ask by this number: it is the Prometheus whose answers these are.
    return success(
        fmt::format(R"({{"version":"2.42.0","revision":"berth-{}","branch":"","buildUser":"",)"
                    R"("buildDate":"","goVersion":""}})",
                    options_.version));
  }

 private:
  std::int64_t now() const { return world_.clock.wall().nanoseconds / 1'000'000; }

  Deferred<PrometheusParameters> read(ServerRequest& request) {
    PrometheusParameters parameters;
    parameters.read(request.head.query());
    if (request.head.method == "POST") {
      std::string form = co_await request.body(options_.body_bytes_max);
      parameters.read(form);
    }
    co_return parameters;
  }

  Result<QueryTimes> range(const PrometheusParameters& parameters) const {
    QueryTimes times;
    times.start = TRY(parameters.time("start"));
    times.end = TRY(parameters.time("end"));
    if (times.end < times.start) {
      return invalid_parameter("end", "end timestamp must not be before start time");
    }
    times.step = TRY(parameters.duration("step"));
    if (times.step <= 0) {
      return invalid_parameter("step",
                               "zero or negative query resolution step widths are not accepted. "
                               "Try a positive integer");
    }
    if ((times.end - times.start) / times.step > static_cast<std::int64_t>(options_.points_max)) {
      return Error(Code::invalid,
                   "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing "
                   "the query resolution (?step=XX)");
    }
    return times;
  }

  /// How long it may take: what it asks for, if that is less.
  Result<Duration> time_max(const PrometheusParameters& parameters) const {
    if (parameters.value("timeout").empty()) return options_.time_max;
    std::int64_t asked = TRY(parameters.duration("timeout"));
    return std::min(options_.time_max, Duration(std::chrono::milliseconds(asked)));
  }

  Deferred<ServerResponse> answer(PrometheusParameters parameters, QueryTimes times) {
    auto limit = time_max(parameters);
    if (!limit.ok()) co_return bad_data(limit.error());
    auto query = Query::parse(parameters.value("query"));
    if (!query.ok()) co_return bad_data(invalid_parameter("query", query.error().message()));
    bool fits = query->type() == promql::Type::scalar || query->type() == promql::Type::vector;
    if (times.step > 0 && !fits) {
      co_return fault(
          PrometheusFault::bad_data,
          fmt::format("invalid expression type \"{}\" for range query, must be Scalar or "
                      "instant Vector",
                      promql::type_text(query->type())));
    }
    if (running_ >= options_.queries_max) {
      co_return fault(PrometheusFault::unavailable,
                      fmt::format("{} queries are computed already", options_.queries_max));
    }
    Running counted(running_);
    auto stop = std::make_shared<std::atomic<bool>>(false);
    auto work = compute(std::move(*query), times, stop);
    auto json = co_await with_timeout(world_.clock, *limit, std::move(work)).result();
    stop->store(true);
    if (json.ok()) co_return ServerResponse::json(std::move(*json));
    if (json.error().is(Code::timed_out)) {
      co_return fault(PrometheusFault::timeout, "query timed out in expression evaluation");
    }
    co_return fault(PrometheusFault::execution, json.error().message());
  }

  /// Fetches here, computes and writes on a worker.
  Deferred<std::string> compute(Query query, QueryTimes times,
                                std::shared_ptr<std::atomic<bool>> stop) {
    QueryLimits limits;
    limits.samples_max = options_.samples_max;
    limits.lookback = options_.lookback / 1ms;
    limits.stop = [stop] { return stop->load(std::memory_order_relaxed); };
    std::vector<std::vector<promql::SampleSeries>> selected;
    std::size_t left = limits.samples_max;
    for (auto& selection : query.selections(times, limits)) {
      auto found = co_await source_.select(std::move(selection), left);
      for (auto& series : found) left -= std::min(left, series.samples.size());
      selected.push_back(std::move(found));
    }
    auto work = [query = std::move(query), times, limits = std::move(limits),
                 selected = std::move(selected)]() mutable -> Result<std::string> {
      QueryResult result = TRY(query.evaluate(times, limits, std::move(selected)));
      return prometheus_data(prometheus_result(result));
    };
    co_return co_await run_on(world_.workers, std::move(work));
  }

  /// Of all `match[]`, or of everything.
  Deferred<std::vector<promql::Labels>> label_sets(const PrometheusParameters& parameters) {
    std::int64_t from = co_await or_return(parameters.time("start", always_from));
    std::int64_t to = co_await or_return(parameters.time("end", always_to));
    std::vector<promql::Selection> selections;
    for (auto text : parameters.values("match[]")) {
      auto matchers = promql::parse_selector(text);
      if (!matchers.ok()) co_return invalid_parameter("match[]", matchers.error().message());
      selections.push_back({std::move(*matchers), from, to, 0});
    }
    if (selections.empty()) selections.push_back({{}, from, to, 0});
    std::vector<promql::Labels> all;
    for (auto& selection : selections) {
      auto found = co_await source_.label_sets(std::move(selection));
      all.insert(all.end(), found.begin(), found.end());
    }
    co_return all;
  }

  static std::string list(const std::set<std::string_view>& texts) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (auto text : texts) json.value(text);
    json.end_array();
    return out;
  }

  struct Running {
    explicit Running(std::size_t& count) : count(++count) {}
    ~Running() { --count; }
    Running(const Running&) = delete;
    std::size_t& count;
  };

  World& world_;
  SeriesSource& source_;
  const PrometheusOptions options_;
  std::size_t running_ = 0;
};

}  // namespace

void add_prometheus_routes(http::Router& router, World& world, SeriesSource& source,
                           PrometheusOptions options) {
  auto api = std::make_shared<Api>(world, source, std::move(options));
  std::string base = api->options().prefix + "/api/v1/";
  auto both = [&](std::string_view path, Deferred<ServerResponse> (Api::*answer)(ServerRequest&)) {
    for (std::string_view method : {"GET", "POST"}) {
      router.add(method, base + std::string(path),
                 [api, answer](ServerRequest& request) { return ((*api).*answer)(request); });
    }
  };
  both("query", &Api::query);
  both("query_range", &Api::query_range);
  both("series", &Api::series);
  both("labels", &Api::labels);
  router.add("GET", base + "label/:name/values",
             [api](ServerRequest& request) { return api->label_values(request); });
  router.add("GET", base + "metadata",
             [api](ServerRequest& request) { return api->metadata(request); });
  router.add("GET", base + "status/buildinfo",
             [api](ServerRequest&) { return ready(api->build_info()); });
}

}  // namespace berth::observe
