#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "console/sources.h"

namespace berth::console {

/// What GET /v1/series asks for.
struct SeriesRequest {
  std::string service = "*";       // "*": all
  std::vector<std::string> names;  // as the API calls them: "rate", "p50", ... or a Riemann event's
  bool by_path = false;
  std::int64_t from = 0;  // seconds since 1970
  std::int64_t to = 0;    // not included
  std::int64_t step = 1;  // seconds
};

/// One series of the answer. Points are NaN where nothing is known.
struct SeriesLine {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<double> points;
};

inline constexpr std::size_t series_max = 200;  // of one answer; beyond: invalid

struct SeriesLines {
  std::int64_t from = 0;
  std::int64_t step = 1;
  std::vector<SeriesLine> lines;
};

/// The request with a range of whole steps that are over at `until` only; a step that the store has
/// no fitting samples for becomes longer. invalid: a range that makes no sense, too many points.
Result<SeriesRequest> fit_series(const Sources& sources, SeriesRequest request, std::int64_t until);
/// What is to be loaded for it.
observe::SeriesRange series_range(const SeriesRequest& request);
/// Answers a request that fits from what was loaded for it. Counts (rates, statuses, bytes, log
/// lines) are 0 in a step in which nothing was counted since the service is known; shares and
/// percentiles are not known there. invalid: too many series; not_found: no such name.
Result<SeriesLines> read_series(const Sources& sources, const observe::LoadedSeries& series,
                                const SeriesRequest& request);

/// The series that services with requests have.
struct RequestSeries {
  std::string_view name;
  std::string_view unit;
};
std::span<const RequestSeries> request_series();
/// The names of Riemann clients' metrics.
std::set<std::string> event_names(const Sources& sources);

}  // namespace berth::console
