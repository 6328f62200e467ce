#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "observe/parse/time_zone.h"

namespace berth::observe {

/// What a date that tells no zone, or no year, is read with.
struct DateContext {
  TimeZone zone;
  WallTime now;  // without a year: the one that is nearest to this
};

/// A form of dates, written as Logstash's date filter (Joda time) has it: y, M (MMM: English month
/// names), d, H, h and a, m, s, S (fractions), E (day names, not looked at), Z and ZZ (an offset, Z
/// or UTC), z (UTC, GMT, the zones of RFC 822, CET, CEST), texts in '...', other characters as they
/// are; or one of ISO8601, UNIX, UNIX_MS, RFC3164. A single letter takes as many digits as there
/// are, several take just so many.
class DateFormat {
 public:
  /// invalid: "column 3: ...".
  static Result<DateFormat> compile(std::string_view form);
  /// Nothing if the text is not wholly of this form, or is no date (February 30th).
  std::optional<WallTime> read(std::string_view text, const DateContext& context) const;

 private:
  struct Part {
    char letter;       // 0: text
    std::size_t many;  // of the letter
    std::string text;
  };

  std::vector<Part> parts_;
  std::vector<DateFormat> forms_;  // of ISO8601, which has several
};

/// A time as RFC 3339 and RFC 5424 write it: 2026-11-24T12:00:00.123456+01:00.
std::optional<WallTime> read_rfc3339(std::string_view text);

}  // namespace berth::observe
