#include <cmath>

#include "base/check.h"
#include "observe/inputs/otlp_metrics.h"

// Any bytes as a request of OTLP, in both forms, and the samples that its metrics give.

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::observe;
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  auto signal = data[0] & 1 ? OtlpSignal::metrics : OtlpSignal::logs;
  auto read = data[0] & 2 ? read_otlp_json(text, signal) : read_otlp(text, signal);
  if (!read.ok()) return 0;
  for (auto& resource : *read) {
    for (auto& log : resource.logs) (void)otlp_text(log.body);
    give_otlp_metrics(resource, 1, [](const OtlpSample& sample) {
      std::string_view name = sample.labels.value(promql::metric_name);
      check(promql::is_metric_name(name), "a name that is none");
      return true;
    });
    (void)about_otlp_metrics(resource);
  }
  return 0;
}
