#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/logs/line_batch.h"
#include "observe/logs/log_query.h"

namespace berth::observe {

/// Lines from `from` to before `to` (nanoseconds), and before a cursor.
struct LineRange {
  std::int64_t from = INT64_MIN;
  std::int64_t to = INT64_MAX;
  std::optional<LogCursor> before;
};

/// The newest matching lines of a batch, newest first, at most `most`.
std::vector<FoundLine> newest_matches(const LineBatch& batch, const LogQuery& query,
                                      const LineRange& range, std::size_t most);
/// The matching lines whose field `name` is the largest number, largest first, at most `most`. Only
/// fields that came with the line count.
std::vector<std::pair<double, FoundLine>> largest_matches(const LineBatch& batch,
                                                          const LogQuery& query,
                                                          const LineRange& range,
                                                          std::string_view name, std::size_t most);
/// All matching lines from `begin` on, in the order in which they came, at most `most`.
std::vector<FoundLine> matches_from(const LineBatch& batch, const LogQuery& query,
                                    std::size_t begin, std::size_t most);

/// How many lines of each level there are in each step of a time.
struct LogHistogram {
  std::int64_t from = 0;  // nanoseconds
  std::int64_t step = 1;
  std::vector<std::array<std::uint64_t, 4>> counts;  // by LogLevel
  void add(const LogHistogram& other);
};

/// Adds the matching lines of a batch that fall into the histogram's time.
void count_matches(const LineBatch& batch, const LogQuery& query, LogHistogram& into);

}  // namespace berth::observe
