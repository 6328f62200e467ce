#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "console/series_read.h"

namespace berth::console {

/// Reads the query of GET /v1/series; `now` in seconds gives the defaults. invalid says which
/// parameter is wrong.
Result<SeriesRequest> series_request(std::string_view query, std::int64_t now);

/// The whole answer of GET /v1/series, with the marks of deploys and rollbacks.
Deferred<std::string> series_json(const Sources& sources, SeriesRequest request,
                                  std::int64_t until);
/// The array of deploys and rollbacks of a service ("*": of all) within these seconds.
void write_marks(JsonWriter& out, const Sources& sources, std::string_view service,
                 std::int64_t from, std::int64_t to);
/// GET /v1/series/names.
std::string series_names_json(const Sources& sources);
/// The event `point` of GET /v1/live for the second that began at `second`: what series_json
/// answers for it with a step of 1.
std::string point_json(const Sources& sources, std::int64_t second, std::int64_t until);

}  // namespace berth::console
