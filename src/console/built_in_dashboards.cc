#include "console/dashboards.h"

namespace berth::console {
namespace {

// Panels without a place flow into rows: see docs/formats/dashboards.md.

constexpr std::string_view system_text = R"(title = "System"

[[panel]]
title = "Median latency per service"
unit = "s"
logarithmic = true
columns = 8
rows = 5
[[panel.query]]
expr = '''
histogram_quantile(0.5, sum by (service, le)
  (rate(berth_request_duration_seconds_bucket[$__rate_interval])))'''
legend = "{{service}}"

[[panel]]
title = "Now"
kind = "number"
unit = "1/s"
columns = 4
rows = 2
[[panel.query]]
expr = 'sum(rate(berth_requests_total[$__rate_interval]))'
legend = "requests"

[[panel]]
title = "Errors by service"
kind = "status"
unit = "share"
warn = 0.01
bad = 0.05
columns = 4
rows = 3
[[panel.query]]
expr = '''
(sum by (service) (rate(berth_requests_total{status=~"5..|0"}[$__rate_interval])) or
  0 * sum by (service) (rate(berth_requests_total[$__rate_interval])))
  / sum by (service) (rate(berth_requests_total[$__rate_interval]))'''
legend = "{{service}}"

[[panel]]
title = "Requests"
kind = "stacked"
unit = "1/s"
[[panel.query]]
expr = 'sum by (service) (rate(berth_requests_total[$__rate_interval]))'
legend = "{{service}}"

[[panel]]
title = "99 of 100 are faster than"
unit = "s"
logarithmic = true
[[panel.query]]
expr = '''
histogram_quantile(0.99, sum by (service, le)
  (rate(berth_request_duration_seconds_bucket[$__rate_interval])))'''
legend = "{{service}}"

[[panel]]
title = "Latency of all requests"
kind = "heatmap"
unit = "s"
[[panel.query]]
expr = 'sum by (le) (rate(berth_request_duration_seconds_bucket[$__rate_interval]))'

[[panel]]
title = "Slowest paths, 99 of 100"
kind = "top"
unit = "s"
[[panel.query]]
expr = '''
topk(10, histogram_quantile(0.99, sum by (service, path, le)
  (rate(berth_path_duration_seconds_bucket[$__rate_interval]))))'''
legend = "{{service}} {{path}}"

[[panel]]
title = "Who calls whom"
kind = "table"
unit = "1/s"
limit = 20
[[panel.query]]
expr = 'sum by (from, to) (rate(berth_call_duration_seconds_count[$__rate_interval]))'
legend = "{{from}} to {{to}}"

[[panel]]
title = "Errors and warnings in the logs"
kind = "stacked"
unit = "1/s"
[[panel.query]]
expr = '''
sum by (service, level)
  (rate(berth_log_lines_total{level=~"error|warning"}[$__rate_interval]))'''
legend = "{{service}} {{level}}"
)";

constexpr std::string_view service_text = R"(title = "Service"

[[variable]]
name = "service"

[[panel]]
title = "Latency"
unit = "s"
logarithmic = true
columns = 8
rows = 5
[[panel.query]]
expr = '''
histogram_quantile(0.5, sum by (le)
  (rate(berth_request_duration_seconds_bucket{service=~"$service"}[$__rate_interval])))'''
legend = "median"
[[panel.query]]
expr = '''
histogram_quantile(0.9, sum by (le)
  (rate(berth_request_duration_seconds_bucket{service=~"$service"}[$__rate_interval])))'''
legend = "9 of 10"
[[panel.query]]
expr = '''
histogram_quantile(0.99, sum by (le)
  (rate(berth_request_duration_seconds_bucket{service=~"$service"}[$__rate_interval])))'''
legend = "99 of 100"

[[panel]]
title = "Requests"
kind = "number"
unit = "1/s"
columns = 4
rows = 2
[[panel.query]]
expr = 'sum(rate(berth_requests_total{service=~"$service"}[$__rate_interval]))'
legend = "requests"

[[panel]]
title = "Errors"
kind = "number"
unit = "share"
warn = 0.01
bad = 0.05
columns = 4
rows = 3
[[panel.query]]
expr = '''
(sum(rate(berth_requests_total{service=~"$service",status=~"5..|0"}[$__rate_interval])) or
  0 * sum(rate(berth_requests_total{service=~"$service"}[$__rate_interval])))
  / sum(rate(berth_requests_total{service=~"$service"}[$__rate_interval]))'''
legend = "errors"

[[panel]]
title = "Requests by status"
kind = "stacked"
unit = "1/s"
[[panel.query]]
expr = 'sum by (status) (rate(berth_requests_total{service=~"$service"}[$__rate_interval]))'
legend = "{{status}}"

[[panel]]
title = "Latency of all requests"
kind = "heatmap"
unit = "s"
[[panel.query]]
expr = '''
sum by (le)
  (rate(berth_request_duration_seconds_bucket{service=~"$service"}[$__rate_interval]))'''

[[panel]]
title = "Median latency by path"
kind = "top"
unit = "s"
[[panel.query]]
expr = '''
topk(10, histogram_quantile(0.5, sum by (path, le)
  (rate(berth_path_duration_seconds_bucket{service=~"$service"}[$__rate_interval]))))'''
legend = "{{path}}"

[[panel]]
title = "Who calls it"
kind = "table"
unit = "1/s"
limit = 20
[[panel.query]]
expr = '''
sum by (from, to)
  (rate(berth_call_duration_seconds_count{to=~"$service"}[$__rate_interval]))'''
legend = "{{from}} to {{to}}"

[[panel]]
title = "Bytes"
unit = "bytes/s"
[[panel.query]]
expr = 'sum(rate(berth_bytes_in_total{service=~"$service"}[$__rate_interval]))'
legend = "in"
[[panel.query]]
expr = 'sum(rate(berth_bytes_out_total{service=~"$service"}[$__rate_interval]))'
legend = "out"

[[panel]]
title = "Lines in the logs"
kind = "stacked"
unit = "1/s"
[[panel.query]]
expr = 'sum by (level) (rate(berth_log_lines_total{service=~"$service"}[$__rate_interval]))'
legend = "{{level}}"
)";

}  // namespace

const std::vector<DashboardFile>& built_in_dashboards() {
  static const std::vector<DashboardFile> files = {
      {"system", std::string(system_text), ""},
      {"service", std::string(service_text), ""},
  };
  return files;
}

}  // namespace berth::console
