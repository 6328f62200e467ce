#include "observe/log_intake.h"

#include <algorithm>

#include "observe/log_level.h"
#include "observe/parse/haproxy_line.h"
#include "observe/parse/number.h"

namespace berth::observe {
namespace {

constexpr std::size_t service_bytes_max = 100;

/// Milliseconds of a timer; those not reached (-1) took no time.
Duration milliseconds(std::string_view timer) {
  std::int64_t value = std::clamp<std::int64_t>(leading_integer(timer), 0, 1'000'000'000);
  return std::chrono::milliseconds(value);
}

std::uint64_t number(std::string_view text) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(leading_integer(text), 0));
}

RequestSeen request_of(const HaproxyLine& line, WallTime ended) {
  RequestSeen out;
  out.caller = "unknown";
  if (line.server != "<NOSRV>") out.instance = line.server;
  out.method = line.method;
  out.target = line.target;
  out.termination = line.termination;
  std::int64_t status = leading_integer(line.status);
  out.status = status >= 100 && status <= 999 ? static_cast<int>(status) : 0;
  out.retries = static_cast<std::uint32_t>(std::min<std::uint64_t>(number(line.retries), 1000));
  out.took = milliseconds(line.total);
  out.waited = milliseconds(line.waiting);
  out.connecting = milliseconds(line.connecting);
  out.answering = milliseconds(line.response);
  out.bytes_out = number(line.bytes);
  out.ended = ended;
  return out;
}

}  // namespace

Observer::Service& LogIntake::known(std::string_view service) {
  service = service.substr(0, service_bytes_max);
  auto found = services_.find(service);
  if (found != services_.end()) return *found->second;
  if (services_.size() >= services_max) return observer_.service("other");
  return *services_.emplace(std::string(service), &observer_.service(service)).first->second;
}

void LogIntake::note(const LogLine& line) {
  HaproxyLine read;
  if (read_haproxy_line(line.text, read) && read.http) {
    ++requests_;
    RequestSeen request = request_of(read, line.time);
    request.service = read.backend;
    observer_.note(known(read.backend), request);
    return;
  }
  ++lines_;
  Observer::Service& service = known(line.service.empty() ? "unknown" : line.service);
  if (line.level) return observer_.note_log_line(service, *line.level);
  observer_.note_log_line(service, line.text);
}

void LogIntake::note(const SyslogReceived& received) { note(line_of(received)); }

LogLine line_of(const SyslogReceived& received) {
  LogLine line;
  line.service = received.message.app;
  line.host = received.message.host;
  line.text = received.message.text;
  line.peer = received.peer;
  line.time = received.time;
  line.level = log_level_of_severity(received.message.severity);
  line.cut = received.cut;
  return line;
}

}  // namespace berth::observe
