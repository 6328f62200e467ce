#include "console/chart_query.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "async/clock.h"
#include "async/executor.h"
#include "base/json_writer.h"
#include "console/dashboard.h"
#include "console/request_body.h"
#include "console/series_view.h"
#include "observe/promql/query.h"

namespace berth::console {
namespace {

using http::ServerRequest;
using http::ServerResponse;
using promql::Query;
using promql::QueryTimes;
using promql::SampleSeries;

constexpr std::int64_t time_most = 100'000'000'000'000;  // milliseconds: the year 5138

/// One expression of a request; its fault where it cannot be parsed or what it selects is too much.
struct Asked {
  std::optional<Query> query;
  QueryTimes times;
  std::string fault;
  std::vector<std::shared_ptr<const std::vector<SampleSeries>>> selected;
};

/// What one request asks: moments from `from`, `count` of them, `step` apart; milliseconds.
struct Batch {
  std::int64_t from = 0;
  std::int64_t step = 0;
  std::int64_t count = 0;
  std::vector<Asked> asked;
};

Result<std::int64_t> whole(const Json& json, std::string_view key, std::int64_t least) {
  std::int64_t value = TRY(json.integer_at(key));
  if (value >= least && value <= time_most) return value;
  return Error(Code::invalid, fmt::format("'{}' must be from {} to {}", key, least, time_most));
}

Asked asked_of(const Json& json, const Batch& batch) {
  Asked asked;
  auto expr = json.string_at("expr");
  if (!expr.ok()) {
    asked.fault = expr.error().message();
    return asked;
  }
  std::int64_t offset = json["offset"].integer().value_or(0);
  if (offset < -time_most || offset > time_most) {
    asked.fault = "'offset' is too large";
    return asked;
  }
  std::int64_t last = batch.from + (batch.count - 1) * batch.step;
  asked.times = {batch.from - offset, last - offset, batch.step};
  auto query = Query::parse(with_rate_interval(*expr, std::chrono::milliseconds(batch.step)));
  if (!query.ok()) {
    asked.fault = query.error().message();
  } else if (query->type() != promql::Type::vector && query->type() != promql::Type::scalar) {
    asked.fault = "the expression gives a " + std::string(promql::type_text(query->type())) +
                  ", a chart needs an instant vector or a scalar";
  } else {
    asked.query = std::move(*query);
  }
  return asked;
}

Result<Batch> batch_of(const Json& json, std::int64_t until, const ChartQueryOptions& options) {
  Batch batch;
  batch.step = TRY(whole(json, "step", 1));
  std::int64_t to = std::min(TRY(whole(json, "to", 0)), until * 1000);
  batch.from = TRY(whole(json, "from", 0)) / batch.step * batch.step;
  if (to >= batch.from) batch.count = (to - batch.from) / batch.step + 1;
  if (batch.count > static_cast<std::int64_t>(options.points_max)) {
    return Error(Code::invalid, fmt::format("{} points, {} are the most; take a longer step",
                                            batch.count, options.points_max));
  }
  auto& queries = json["queries"].items();
  if (queries.size() > options.queries_max) {
    return Error(Code::invalid, fmt::format("{} queries, {} are the most of one request",
                                            queries.size(), options.queries_max));
  }
  for (auto& each : queries) batch.asked.push_back(asked_of(each, batch));
  return batch;
}

/// Equal for equal selections alone.
std::string key_of(const promql::Selection& selection) {
  std::string key = fmt::format("{} {} {}", selection.from, selection.to, selection.step);
  for (auto& matcher : selection.matchers) {
    key += fmt::format("\n{} {} {}:{} {}:{}", static_cast<int>(matcher.kind()),
                       matcher.name().size(), matcher.value().size(), matcher.name(),
                       matcher.value().size(), matcher.value());
  }
  return key;
}

void write_series(JsonWriter& out, const SampleSeries& series, const QueryTimes& times,
                  std::size_t count) {
  std::vector<double> points(count, std::numeric_limits<double>::quiet_NaN());
  for (auto& sample : series.samples) {
    auto at = static_cast<std::size_t>((sample.time - times.start) / times.step);
    if (at < count) points[at] = sample.value;  // what is no number becomes null
  }
  out.begin_object().key("labels").begin_object();
  for (auto& label : series.labels) out.member(label.name, label.value);
  out.end_object().key("points").begin_array();
  for (double point : points) out.value(point);
  out.end_array().end_object();
}

/// Computes one expression and writes its answer. For a worker.
void write_answer(JsonWriter& out, Asked& asked, std::size_t count,
                  const promql::QueryLimits& limits, std::size_t series_max) {
  out.begin_object();
  if (asked.fault.empty() && count > 0) {
    std::vector<std::vector<SampleSeries>> selected;
    for (auto& each : asked.selected) selected.push_back(*each);
    auto result = asked.query->evaluate(asked.times, limits, std::move(selected));
    if (result.ok()) {
      std::size_t shown = std::min(result->series.size(), series_max);
      out.key("series").begin_array();
      for (std::size_t i = 0; i < shown; ++i) {
        write_series(out, result->series[i], asked.times, count);
      }
      out.end_array();
      if (shown < result->series.size()) out.member("left_out", result->series.size() - shown);
    } else {
      asked.fault = result.error().message();
    }
  } else if (asked.fault.empty()) {
    out.key("series").begin_array().end_array();
  }
  if (!asked.fault.empty()) out.member("error", asked.fault);
  out.end_object();
}

/// Lives as long as the route does.
class Charts {
 public:
  Charts(const Sources& sources, observe::SeriesSource& source, std::function<std::int64_t()> until,
         ChartQueryOptions options)
      : sources_(sources), source_(source), until_(std::move(until)), options_(options) {}

  Deferred<ServerResponse> answer(ServerRequest& request) {
    JsonBody body = co_await read_json_body(request, options_.body_bytes_max);
    if (body.refused) co_return std::move(*body.refused);
    std::int64_t until = until_();
    Batch batch = co_await or_return(batch_of(body.json, until, options_));
    if (running_ >= options_.requests_max) {
      co_return Error(Code::overloaded,
                      fmt::format("{} requests for charts are computed already", running_));
    }
    Running counted(running_);
    auto stop = std::make_shared<std::atomic<bool>>(false);
    std::string head = head_json(batch, until);
    auto work = compute(std::move(batch), std::move(head), stop);
    auto json =
        co_await with_timeout(sources_.world.clock, options_.time_max, std::move(work)).result();
    stop->store(true);
    if (json.ok()) co_return ServerResponse::json(std::move(*json));
    if (!json.error().is(Code::timed_out)) co_return std::move(json).error();
    co_return Error(Code::overloaded,
                    "the charts took too long; ask for less time or less of them");
  }

 private:
  struct Running {
    explicit Running(std::size_t& count) : count(++count) {}
    ~Running() { --count; }
    Running(const Running&) = delete;
    std::size_t& count;
  };

  /// All but the answers, without its end.
  std::string head_json(const Batch& batch, std::int64_t until) const {
    std::string text;
    JsonWriter out(text);
    out.begin_object().member("from", batch.from).member("step", batch.step);
    out.member("count", batch.count).member("until", until * 1000);
    std::int64_t last = batch.from + std::max<std::int64_t>(batch.count - 1, 0) * batch.step;
    write_marks(out.key("marks"), sources_, "*", (batch.from - batch.step) / 1000, last / 1000);
    return text;
  }

  /// Fetches here what the expressions select, each selection once.
  Deferred<void> fetch(Batch& batch, const promql::QueryLimits& limits) {
    std::map<std::string, std::shared_ptr<const std::vector<SampleSeries>>> fetched;
    for (auto& asked : batch.asked) {
      if (!asked.query) continue;
      for (auto& selection : asked.query->selections(asked.times, limits)) {
        auto& known = fetched[key_of(selection)];
        if (!known) {
          auto found = co_await source_.select(std::move(selection), limits.samples_max).result();
          if (!found.ok()) {
            asked.fault = found.error().message();
            break;
          }
          known = std::make_shared<const std::vector<SampleSeries>>(std::move(*found));
        }
        asked.selected.push_back(known);
      }
    }
  }

  Deferred<std::string> compute(Batch batch, std::string head,
                                std::shared_ptr<std::atomic<bool>> stop) {
    promql::QueryLimits limits;
    limits.samples_max = options_.samples_max;
    limits.stop = [stop] { return stop->load(std::memory_order_relaxed); };
    if (batch.count > 0) co_await fetch(batch, limits);
    auto work = [batch = std::move(batch), head = std::move(head), limits = std::move(limits),
                 series_max = options_.series_max]() mutable -> std::string {
      std::string text = std::move(head) + ",\"answers\":";
      JsonWriter out(text);
      out.begin_array();
      for (auto& asked : batch.asked) {
        write_answer(out, asked, static_cast<std::size_t>(batch.count), limits, series_max);
      }
      out.end_array();
      return text + "}";
    };
    co_return co_await run_on(sources_.world.workers, std::move(work));
  }

  const Sources& sources_;
  observe::SeriesSource& source_;
  const std::function<std::int64_t()> until_;
  const ChartQueryOptions options_;
  std::size_t running_ = 0;
};

}  // namespace

void add_chart_route(http::Router& router, const Sources& sources, observe::SeriesSource& source,
                     std::function<std::int64_t()> until, ChartQueryOptions options) {
  auto charts = std::make_shared<Charts>(sources, source, std::move(until), options);
  router.add("POST", "/v1/charts",
             [charts](ServerRequest& request) { return charts->answer(request); });
}

}  // namespace berth::console
