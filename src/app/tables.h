#pragma once

#include <string>
#include <vector>

#include "app/terminal.h"
#include "base/json.h"

// Tables from the state that GET /v1/state answers, and its parts (docs/formats/api.md).

namespace berth::app {

/// The services: `berth top` and the middle of the first screen. Where a line would be wider than
/// the style's columns, addresses lose their "http://"; where that is not enough, they go.
std::vector<std::string> services_table(const Json& services, const Style& style);
/// The instances: `berth ps`; with `why`, the reasons too (`berth ps -v`).
std::vector<std::string> instances_table(const Json& services, const Json& now, const Style& style,
                                         bool why);
/// Topics with their subscriptions: `berth topics`.
std::vector<std::string> topics_table(const Json& topics, const Style& style);
/// Changes of a plan: what is created, changed and removed, with each field.
std::vector<std::string> plan_lines(const Json& changes, const Style& style);

/// One line: "shop · dev · all 8 healthy in 1.4 s".
std::string sentence_line(const Json& state, const Style& style);
/// One line of the feed: "11:56:21  orders  version 3 is deployed: 2 of 2 healthy".
std::string feed_line(const Json& entry, const Style& style);
/// One line of a log: "11:56:21.123 orders/1 what it said"; `raw` leaves the text as it came.
std::string log_line(const Json& line, const Style& style, bool raw);

}  // namespace berth::app
