#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace berth {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };

/// "debug", "info", "warning", "error", "off".
std::string_view log_level_name(LogLevel level);

/// Where log lines go: the program makes one at its start and it outlives all that logs. The two
/// functions may be called from any thread: `write` gets one whole line with its line end (and must
/// not log), `now` gives the time. The level may be changed at any time.
struct LogTarget {
  void (*write)(void* context, std::string_view line) = nullptr;
  WallTime (*now)(void* context) = nullptr;
  void* context = nullptr;
  std::atomic<LogLevel> level{LogLevel::info};
};

/// One key with its value in a log line. Refers to the caller's text: use it in the call only.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value)
      : key_(key), kind_(Kind::text), text_(value) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, bool value) : LogField(key, value ? "true" : "false") {}
  LogField(std::string_view key, std::signed_integral auto value)
      : key_(key), kind_(Kind::integer), integer_(value) {}
  LogField(std::string_view key, std::unsigned_integral auto value)
      : key_(key), kind_(Kind::unsigned_integer), unsigned_(value) {}
  LogField(std::string_view key, double value) : key_(key), kind_(Kind::number), number_(value) {}
  /// As base/units.h writes it: "1s250ms".
  LogField(std::string_view key, Duration value)
      : key_(key), kind_(Kind::duration), integer_(value.count()) {}
  /// Its whole text; on a second key, KEY_at, where it arose.
  LogField(std::string_view key, const Error& value)
      : key_(key), kind_(Kind::error), error_(&value) {}

 private:
  friend class LogLine;
  enum class Kind : std::uint8_t { text, integer, unsigned_integer, number, duration, error };

  std::string_view key_;
  Kind kind_;
  union {
    std::string_view text_;
    std::int64_t integer_;
    std::uint64_t unsigned_;
    double number_;
    const Error* error_;
  };
};

/// What a component logs with: a small value, made by the program and handed down. Each record is
/// one logfmt line: time=2026-11-24T11:56:21.123456Z level=info component=proxy message="pool
/// changed" service=users instances=2. Without a target it is silent. Below the target's level a
/// call costs one comparison. Lines are cut at `line_bytes_max` and end in "...".
///
///   log_.warning("instance failed its check", {{"instance", "users/1"}, {"error", error}});
class Log {
 public:
  static constexpr std::size_t line_bytes_max = 16 << 10;
  using Fields = std::initializer_list<LogField>;

  Log() = default;
  /// `component` lives as long as the program: a literal.
  Log(const LogTarget& target, std::string_view component)
      : target_(&target), component_(component) {}
  /// The same target under another component's name.
  Log named(std::string_view component) const {
    Log out = *this;
    out.component_ = component;
    return out;
  }

  bool on(LogLevel level) const {
    return target_ && level >= target_->level.load(std::memory_order_relaxed);
  }
  void debug(std::string_view message, Fields fields = {}) const {
    if (on(LogLevel::debug)) write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) const {
    if (on(LogLevel::info)) write(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, Fields fields = {}) const {
    if (on(LogLevel::warning)) write(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) const {
    if (on(LogLevel::error)) write(LogLevel::error, message, fields);
  }

 private:
  void write(LogLevel level, std::string_view message, Fields fields) const;

  const LogTarget* target_ = nullptr;
  std::string_view component_ = "berth";
};

}  // namespace berth
