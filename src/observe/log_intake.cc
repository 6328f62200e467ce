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

std::string_view LogIntake::known(std::string_view service) {
  service = service.substr(0, service_bytes_max);
  auto found = services_.find(service);
  if (found != services_.end()) return *found;
  if (services_.size() >= services_max) return "other";
  return *services_.emplace(service).first;
}

void LogIntake::note(const SyslogReceived& received) {
  HaproxyLine line;
  if (read_haproxy_line(received.message.text, line) && line.http) {
    ++requests_;
    RequestSeen request = request_of(line, received.time);
    request.service = known(line.backend);
    observer_.note(request);
    return;
  }
  ++lines_;
  std::string_view app = received.message.app.empty() ? "unknown" : received.message.app;
  observer_.note_log_line(known(app), log_level_of_severity(received.message.severity));
}

}  // namespace berth::observe
