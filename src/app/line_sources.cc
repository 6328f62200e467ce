#include "app/line_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "observe/log_level.h"

namespace berth::app {
namespace {

std::string seconds(std::int64_t nanoseconds) {
  return fmt::format("{:.6f}", static_cast<double>(std::max<std::int64_t>(nanoseconds, 0)) / 1e9);
}

/// As a person reads it: 0.42 ms, 42 ms, 1.3 s.
std::string duration_text(std::int64_t nanoseconds) {
  double ms = static_cast<double>(nanoseconds) / 1e6;
  return ms < 1000 ? fmt::format("{:.3g} ms", ms) : fmt::format("{:.4g} s", ms / 1000);
}

}  // namespace

void append_request(observe::LogStore& store, std::string_view host,
                    const http::AccessRecord& record) {
  std::string status = std::to_string(record.status);
  std::string took = seconds(record.total);
  std::string queue = seconds(record.waiting);
  std::string connect = seconds(record.connecting);
  std::string wait = seconds(record.response);
  std::string bytes = std::to_string(record.bytes_out);
  std::string retries = std::to_string(record.retries);
  std::string text = record.status == 0
                         ? fmt::format("{} {} got no answer in {}", record.method, record.target,
                                       duration_text(record.total))
                         : fmt::format("{} {} answered {} in {}", record.method, record.target,
                                       status, duration_text(record.total));
  std::array<observe::LogLineField, 12> fields{
      {{"kind", "request"},
       {"method", record.method},
       {"path", record.target},
       {"status", status},
       {"seconds", took},
       {"from", record.caller},
       {"queue_seconds", queue},
       {"connect_seconds", connect},
       {"wait_seconds", wait},
       {"bytes", bytes},
       {"retries", retries},
       {"termination", {record.termination, sizeof record.termination}}}};
  observe::StoredLine line;
  line.time = {record.accepted + record.total};
  line.host = host;
  line.service = record.backend.empty() ? record.frontend : record.backend;
  line.instance = record.server;
  line.level = record.status >= 500 || record.status == 0 ? LogLevel::error : LogLevel::info;
  line.text = text;
  line.fields = fields;
  store.append(line);
}

void append_syslog(observe::LogStore& store, const observe::SyslogReceived& received) {
  auto& message = received.message;
  observe::StoredLine line;
  line.time = received.time;
  line.host = message.host.empty() ? received.peer : message.host;
  line.service = message.app.empty() ? "unknown" : message.app;
  line.level = observe::log_level_of_severity(message.severity);
  line.text = message.text;
  store.append(line);
}

}  // namespace berth::app
