#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace berth::proxy {

/// What the fields of a request tell the proxy itself (docs/formats/proxy-headers.md).
struct RequestFacts {
  static constexpr std::uint8_t urgency_usual = 3;
  static constexpr std::uint8_t urgency_least = 7;

  std::optional<Duration> time_left;  // the shorter of X-Berth-Deadline and grpc-timeout
  bool grpc_timeout = false;          // it has that field: it is written anew for the next hop
  std::uint32_t attempt = 0;          // X-Berth-Attempt: a hop before this one has sent it before
  std::uint8_t urgency = urgency_usual;  // of Priority (RFC 9218 section 4.1)
};

/// Fields that cannot be read count as if they were not there.
RequestFacts read_facts(const http::Headers& headers);
/// True for the fields that this proxy writes anew for the next hop.
bool is_own_field(std::string_view name);

/// "8 digits at most and one of H M S m u n" (gRPC over HTTP/2, Requests).
std::optional<Duration> parse_grpc_timeout(std::string_view text);
/// The same, in the finest unit that fits into 8 digits.
void append_grpc_timeout(std::string& out, Duration left);

/// The value of that cookie (RFC 6265 section 4.2.1); nothing if it is not there.
std::optional<std::string_view> cookie_value(const http::Headers& headers, std::string_view name);

/// What of a request two requests must have alike to be treated alike: for hashes and rates.
class RequestKey {
 public:
  enum class Kind : std::uint8_t { source, caller, path, header, cookie };

  RequestKey() = default;
  /// "source", "caller", "path", "header:NAME", "cookie:NAME"; anything else is the source.
  explicit RequestKey(std::string_view text);
  /// The hash of it; nothing where the request does not have it.
  std::optional<std::uint64_t> of(const http::RequestHead& request, std::string_view client_ip,
                                  std::string_view caller) const;
  Kind kind() const { return kind_; }

 private:
  Kind kind_ = Kind::source;
  std::string name_;
};

}  // namespace berth::proxy
