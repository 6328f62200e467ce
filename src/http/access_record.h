#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace berth::http {

/// What is known of one request when it is over: HAProxy's HTTP log fields (its configuration
/// manual, 8.2.3), and what Berth knows more. Texts are borrowed: from the request while it is
/// written, from the ring while it is read. docs/formats/access_record.md.
struct AccessRecord {
  std::int64_t accepted = 0;  // wall, ns: when the request's first byte was read
  // Timers in nanoseconds, -1 where that point was not reached: reading the head (TR), waiting in
  // queues (Tw), connecting (Tc), the server's answer (Tr), all (Ta).
  std::int64_t request = -1;
  std::int64_t waiting = -1;
  std::int64_t connecting = -1;
  std::int64_t response = -1;
  std::int64_t total = 0;
  std::uint64_t bytes_out = 0;  // to the client, with heads
  std::uint64_t bytes_in = 0;   // from the client, with heads
  std::uint32_t client_ip = 0;  // IPv4 in host order
  std::uint16_t client_port = 0;
  std::uint16_t status = 0;  // 0: none was sent
  std::uint32_t process_connections = 0;
  std::uint32_t frontend_connections = 0;
  std::uint32_t backend_requests = 0;
  std::uint32_t server_requests = 0;
  std::uint32_t retries = 0;
  std::uint32_t backend_queue = 0;
  char termination[4] = {'-', '-', '-', '-'};  // who ended it, and in which phase
  std::string_view frontend;                   // the VIP's service, or "gateway"
  std::string_view backend;                    // the service
  std::string_view server;                     // the instance, "orders/1"; empty: none
  std::string_view caller;                     // a service, "gateway" or "unknown"
  std::string_view method;
  std::string_view target;
  std::string_view route;  // of the gateway; empty: none. Not in encode()'s form
};

inline constexpr std::size_t access_record_target_bytes_max = 2048;  // longer ones are cut

/// The most bytes that encode() takes for this record.
std::size_t encoded_size(const AccessRecord& record);
/// Writes it without allocating; `out` has encoded_size() bytes. Returns how many it took.
std::size_t encode(const AccessRecord& record, std::span<char> out);
/// Nothing if the bytes are no record.
std::optional<AccessRecord> decode_access_record(std::string_view bytes);
/// What HAProxy's syslog lines begin with behind the priority (RFC 3164 without a host name):
/// "Nov 24 12:00:00 berth: ".
void append_haproxy_syslog_head(std::string& out, const AccessRecord& record);
/// A connection in TCP mode, not a request: it has neither method nor status.
bool is_tcp(const AccessRecord& record);
/// HAProxy's line for it (option httplog; of a connection tcplog), without syslog's head and line
/// end.
void append_haproxy_line(std::string& out, const AccessRecord& record);
std::string haproxy_line(const AccessRecord& record);

}  // namespace berth::http
