#include "observe/alerts/default_alerts.h"

namespace berth::observe {

constinit const std::string_view default_alerts = R"toml(
[[alert]]
name = "an instance keeps failing"
query = 'round(sum by (service, instance) (increase(berth_instance_restarts[10m]))) >= 3'
hold = 'round(sum by (service, instance) (increase(berth_instance_restarts[10m]))) >= 1'
every = "5s"
severity = "critical"
calls = true
summary = "%{instance} keeps failing: it was started again %{value} times in ten minutes"

[[alert]]
name = "a service has no healthy instance"
query = '''
sum by (service) (berth_healthy_instances) == 0
and sum by (service) (berth_wanted_instances) > 0'''
every = "5s"
for = "30s"
severity = "critical"
calls = true
depends_on = ["an instance keeps failing"]
equal = ["service"]
summary = "%{service} has no healthy instance"

[[alert]]
name = "a service fails"
query = '''
round(100 * sum by (service) (rate(berth_requests_total{status=~"5..|0|-.*"}[1m]))
  / sum by (service) (rate(berth_requests_total[1m])), 0.1) > 5
and sum by (service) (increase(berth_requests_total{status=~"5..|0|-.*"}[1m])) >= 5'''
hold = '''
round(100 * sum by (service) (rate(berth_requests_total{status=~"5..|0|-.*"}[1m]))
  / sum by (service) (rate(berth_requests_total[1m])), 0.1) > 2'''
for = "15s"
severity = "critical"
calls = true
depends_on = ["an instance keeps failing", "a service has no healthy instance"]
equal = ["service"]
summary = "%{service} fails: %{value} % of its requests"

[[alert]]
name = "a service is slow"
query = '''
histogram_quantile(0.9, sum by (service, le) (rate(berth_request_duration_seconds_bucket[2m]))) > 1
and sum by (service) (increase(berth_request_duration_seconds_count[2m])) >= 10'''
hold = '''
histogram_quantile(0.9, sum by (service, le) (rate(berth_request_duration_seconds_bucket[2m])))
  > 0.7'''
every = "30s"
for = "30s"
calls = true
depends_on = ["a service fails", "an instance keeps failing", "a service has no healthy instance"]
equal = ["service"]
summary = "%{service} is slow: one of ten requests takes %{value} s and more"

[[alert]]
name = "messages were given up"
query = 'sum by (topic, service) (berth_dead_letters) > 0'
every = "5s"
summary = "%{value} messages of %{topic} were given up for %{service}"
description = "berth topics tells why; they can be sent again"

[[alert]]
name = "the disk is nearly full"
query = 'floor(berth_disk_free_bytes / 1048576) < 1024'
hold = 'floor(berth_disk_free_bytes / 1048576) < 1229'
severity = "critical"
summary = "only %{value} MiB are free for Berth's state"
)toml";

}  // namespace berth::observe
