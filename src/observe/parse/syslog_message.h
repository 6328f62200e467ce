#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "observe/parse/date_format.h"
#include "observe/parse/record.h"

namespace berth::observe {

/// A syslog message in parts that borrow from its text; what it does not tell is empty.
struct SyslogMessage {
  std::uint8_t facility = 1;  // user, as RFC 3164 section 4.3.3 has it for those without a priority
  std::uint8_t severity = 5;  // notice
  bool has_priority = false;
  bool rfc5424 = false;
  std::optional<WallTime> time;  // as the sender's clock tells it
  std::string_view host;
  std::string_view app;  // RFC 3164's tag
  std::string_view process;
  std::string_view message_id;
  std::string_view structured_data;  // [id name="value"...]..., as it stands
  std::string_view text;

  /// Adds facility, severity, host, app, process, message_id and each value of the structured data
  /// as "id.name".
  void add_fields(Record& record) const;
};

/// Reads RFC 5424, and RFC 3164 as programs really send it: without a host name (HAProxy), with
/// RFC 3339's time (rsyslog), with a year or fractions (Cisco), without a time, a tag or a
/// priority. Never fails: what cannot be read is the text. `context` is for times without a year
/// and zone.
SyslogMessage read_syslog(std::string_view line, const DateContext& context);

/// Bytes that are no UTF-8 become U+FFFD. True if there were any.
bool repair_utf8(std::string& text);

}  // namespace berth::observe
