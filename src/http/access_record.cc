#include "http/access_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>

namespace berth::http {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t fixed_bytes = offsetof(AccessRecord, frontend);

std::array<std::string_view, 6> texts_of(const AccessRecord& r) {
  return {r.frontend, r.backend, r.server,
          r.caller,   r.method,  r.target.substr(0, access_record_target_bytes_max)};
}

std::string timer(std::int64_t nanoseconds) {
  return nanoseconds < 0 ? "-1" : std::to_string(nanoseconds / 1'000'000);
}

/// What would break the line's fields is written as HAProxy does: '#' and two hex digits.
std::string escaped(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '#') {
      out += fmt::format("#{:02X}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace

std::size_t encoded_size(const AccessRecord& record) {
  std::size_t size = 1 + fixed_bytes;
  for (auto text : texts_of(record)) size += 2 + std::min<std::size_t>(text.size(), 4096);
  return size;
}

std::size_t encode(const AccessRecord& record, std::span<char> out) {
  char* at = out.data();
  *at++ = static_cast<char>(version);
  std::memcpy(at, &record, fixed_bytes);
  at += fixed_bytes;
  for (auto text : texts_of(record)) {
    auto size = static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 4096));
    std::memcpy(at, &size, 2);
    std::memcpy(at + 2, text.data(), size);
    at += 2 + size;
  }
  return static_cast<std::size_t>(at - out.data());
}

std::optional<AccessRecord> decode_access_record(std::string_view bytes) {
  if (bytes.size() < 1 + fixed_bytes || bytes[0] != version) return std::nullopt;
  AccessRecord record;
  std::memcpy(static_cast<void*>(&record), bytes.data() + 1, fixed_bytes);
  bytes.remove_prefix(1 + fixed_bytes);
  for (auto* text : {&record.frontend, &record.backend, &record.server, &record.caller,
                     &record.method, &record.target}) {
    std::uint16_t size;
    if (bytes.size() < 2) return std::nullopt;
    std::memcpy(&size, bytes.data(), 2);
    if (bytes.size() - 2 < size) return std::nullopt;
    *text = bytes.substr(2, size);
    bytes.remove_prefix(2 + std::size_t{size});
  }
  if (!bytes.empty()) return std::nullopt;
  return record;
}

std::string haproxy_syslog_head(const AccessRecord& r) {
  std::time_t seconds = static_cast<std::time_t>((r.accepted + r.total) / 1'000'000'000);
  std::tm local;
  localtime_r(&seconds, &local);
  char head[64];
  std::size_t size = std::strftime(head, sizeof head, "%b %e %H:%M:%S berth: ", &local);
  return {head, size};
}

namespace {

/// Option tcplog (8.2.2).
std::string tcp_line(const AccessRecord& r, const char* date) {
  auto& t = r.termination;
  return fmt::format(
      "{}.{}.{}.{}:{} [{}.{:03}] {} {}/{} {}/{}/{} {} {}{} {}/{}/{}/{}/{} 0/{}", r.client_ip >> 24,
      r.client_ip >> 16 & 255, r.client_ip >> 8 & 255, r.client_ip & 255, r.client_port, date,
      r.accepted / 1'000'000 % 1000, r.frontend, r.backend.empty() ? "-" : r.backend,
      r.server.empty() ? "<NOSRV>" : r.server, timer(r.waiting), timer(r.connecting),
      timer(r.total), r.bytes_out, t[0], t[1], r.process_connections, r.frontend_connections,
      r.backend_requests, r.server_requests, r.retries, r.backend_queue);
}

}  // namespace

bool is_tcp(const AccessRecord& record) { return record.method.empty() && record.status == 0; }

std::string haproxy_line(const AccessRecord& r) {
  std::time_t seconds = static_cast<std::time_t>(r.accepted / 1'000'000'000);
  std::tm local;
  localtime_r(&seconds, &local);
  char date[32];
  std::strftime(date, sizeof date, "%d/%b/%Y:%H:%M:%S", &local);
  if (is_tcp(r)) return tcp_line(r, date);
  auto& t = r.termination;
  std::string asked =
      r.method.empty() ? "<BADREQ>" : escaped(r.method) + " " + escaped(r.target) + " HTTP/1.1";
  return fmt::format(
      "{}.{}.{}.{}:{} [{}.{:03}] {} {}/{} {}/{}/{}/{}/{} {} {} - - {}{}{}{} {}/{}/{}/{}/{} 0/{} "
      "\"{}\"",
      r.client_ip >> 24, r.client_ip >> 16 & 255, r.client_ip >> 8 & 255, r.client_ip & 255,
      r.client_port, date, r.accepted / 1'000'000 % 1000, r.frontend,
      r.backend.empty() ? r.frontend : r.backend, r.server.empty() ? "<NOSRV>" : r.server,
      timer(r.request), timer(r.waiting), timer(r.connecting), timer(r.response), timer(r.total),
      r.status == 0 ? std::string("-1") : std::to_string(r.status), r.bytes_out, t[0], t[1], t[2],
      t[3], r.process_connections, r.frontend_connections, r.backend_requests, r.server_requests,
      r.retries, r.backend_queue, asked);
}

}  // namespace berth::http
