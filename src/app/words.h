#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"

// Values of the API as people read them. What is not known (null) reads "-", never 0.

namespace berth::app {

/// "123", "12.3", "0.4", "0": requests per second.
std::string rate_text(const Json& value);
std::string rate_text(double value);
/// "0 %", "<0.1 %", "1.8 %", "34 %".
std::string share_text(const Json& value);
std::string share_text(double value);
/// "3.1 ms" from seconds.
std::string seconds_text(const Json& value);
std::string seconds_text(double value);
/// Any number, with about three digits: "1.5", "250", "0.0031", "1.2 M".
std::string number_text(double value);
/// "2 instances", "1 instance".
std::string counted(std::int64_t count, std::string_view thing);

/// How long ago, in one unit: "now", "12 s", "4 min", "3 h", "2 d". Milliseconds since 1970.
std::string age_text(const Json& since, const Json& now);
/// "11:56:21" and "11:56:21.123" of a time in milliseconds since 1970, in this machine's time zone.
std::string clock_text(const Json& time);
std::string exact_clock_text(const Json& time);

/// The member as text: a string as it is (made printable), a number as digits, "" if absent.
std::string text_of(const Json& value);
/// As text_of, "-" for "".
std::string text_or_dash(const Json& value);

}  // namespace berth::app
