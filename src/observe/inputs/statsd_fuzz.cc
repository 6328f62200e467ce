#include <cmath>

#include "base/check.h"
#include "base/strings.h"
#include "observe/inputs/statsd_table.h"

// Lines of any bytes into a table of small limits, and a flush of what they made.

namespace {

struct Numbers final : berth::Random {
  std::uint64_t next() override { return state = state * 6364136223846793005U + 1; }
  void secret_bytes(void*, std::size_t) override {}
  std::uint64_t state = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::observe;
  Numbers numbers;
  StatsdTable table(numbers, {.metrics_max = 4, .values_max = 3, .words_max = 3});
  StatsdLine line;
  for (auto text : split({reinterpret_cast<const char*>(data), size}, '\n')) {
    if (!read_statsd(text, line).ok()) continue;
    check(line.rate > 0 && line.rate <= 1, "a sample rate that is none");
    for (double value : line.values) check(std::isfinite(value), "a value that is no number");
    table.add(line, {0});
  }
  check(table.size() <= 4, "more metrics than may be");
  table.flush({0}, [](const promql::Labels& labels, double) {
    check(promql::is_metric_name(labels.value(promql::metric_name)), "a name that is none");
  });
  return 0;
}
