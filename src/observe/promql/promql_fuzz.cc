#include <cmath>

#include "observe/promql/parser.h"
#include "observe/promql/query.h"

namespace {
using namespace berth::promql;

/// A few series of every shape, whatever is asked for.
struct Few final : SampleSource {
  berth::Result<std::vector<SampleSeries>> select(const Selection& selection,
                                                  std::size_t) const override {
    std::vector<SampleSeries> out;
    for (const char* job : {"a", "b", "c"}) {
      SampleSeries series{
          Labels({{"__name__", "x"}, {"job", job}, {"le", job[0] == 'c' ? "+Inf" : "1"}}), {}};
      if (!selection.accepts(series.labels)) continue;
      for (int i = 0; i < 20; ++i) {
        double value = i % 7 == 6 ? stale_marker : i % 5 == 4 ? std::nan("") : i % 11;
        std::int64_t time = 1'700'000'000'000 + i * 15'000;
        if (time >= selection.from && time <= selection.to) series.samples.push_back({time, value});
      }
      out.push_back(std::move(series));
    }
    return out;
  }
};

}  // namespace

// Any text is an expression or refused with its place; what is one is answered or refused.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto query = Query::parse(text);
  if (!query.ok()) {
    if (query.error().message().find(": parse error: ") == std::string_view::npos) __builtin_trap();
    return 0;
  }
  QueryLimits limits{.samples_max = 100'000};
  std::ignore = query->run(Few(), QueryTimes::at(1'700'000'200'000), limits).ok();
  std::ignore = query->run(Few(), {1'700'000'000'000, 1'700'000'300'000, 60'000}, limits).ok();
  return 0;
}
