#include "observe/log_level.h"

#include <gtest/gtest.h>

namespace berth::observe {
namespace {

TEST(LogLevel, is_read_from_the_forms_that_loggers_write) {
  struct {
    const char* line;
    LogLevel level;
  } cases[] = {
      {"listening on 8000", LogLevel::info},
      {"2026-11-24 10:00:00,123 ERROR payments: card refused", LogLevel::error},
      {"[WARN] slow answer", LogLevel::warning},
      {"WARNING:root:disk is nearly full", LogLevel::warning},
      {R"({"time":"x","level":"error","msg":"no"})", LogLevel::error},
      {"time=x level=warning msg=\"hm\"", LogLevel::warning},
      {"panic: runtime error: index out of range", LogLevel::error},
      {"Traceback (most recent call last):", LogLevel::error},
      {"GET /error 200 no error here", LogLevel::info},
      {"the errors page was shown", LogLevel::info},
      {"", LogLevel::info},
  };
  for (auto& each : cases) EXPECT_EQ(log_level_of(each.line), each.level) << each.line;
}

}  // namespace
}  // namespace berth::observe
