#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace berth {

/// Reads "250ms", "1.5s", "1h30m", "0s": numbers with one of ns, us, µs, ms, s, m, h, d, larger
/// units first, at most about 292 years. invalid for anything else, a number without unit too.
Result<Duration> parse_duration(std::string_view text);
/// Reads "128MiB", "64KB", "1.5GiB", "512B" or plain bytes "512": powers of 1024 with an i, of
/// 1000 without. Less than 2^63; a fraction must come out at whole bytes.
Result<std::int64_t> parse_size(std::string_view text);
/// Reads "200m" (thousandths of a core), "1", "0.5" as thousandths of a core, at most 1,000,000.
Result<std::int64_t> parse_cpu(std::string_view text);

/// The shortest exact form, which parse_duration reads back: "250ms", "1h30m", "0s".
std::string write_duration(Duration value);
/// The shortest exact form, which parse_size reads back: "128MiB", "1000B".
std::string write_size(std::int64_t bytes);
/// The form that parse_cpu reads back: "200m", "2".
std::string write_cpu(std::int64_t millicores);

/// Rounded for people: "850 ns", "320 µs", "1.4 s", "12 ms", "2 min 5 s", "3 h 12 min", "2 d 4 h".
std::string format_duration(Duration value);
/// Rounded for people: "512 B", "1.5 KiB", "12 MiB".
std::string format_size(std::int64_t bytes);

}  // namespace berth
