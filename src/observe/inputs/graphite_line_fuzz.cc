#include <cmath>

#include "base/check.h"
#include "observe/inputs/graphite_line.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  auto sample = read_graphite({reinterpret_cast<const char*>(data), size});
  if (!sample.ok()) return 0;
  berth::check(std::isfinite(sample->value), "a value that is no number");
  auto name = sample->labels.value(berth::promql::metric_name);
  berth::check(berth::promql::is_metric_name(name), "a name that Prometheus does not allow");
  for (auto& label : sample->labels) {
    berth::check(berth::promql::is_label_name(label.name), "a label that is none");
  }
  return 0;
}
