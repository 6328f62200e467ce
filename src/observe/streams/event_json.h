#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "observe/event.h"

namespace berth::observe::streams {

/// As Riemann writes events to WebSockets (riemann common.clj, event-to-json): fields that are
/// there, attributes beside them, the time as ISO 8601 with milliseconds, the ttl in seconds.
std::string event_json(const Event& event);
/// Reads such an object. A time is ISO 8601, or seconds since 1970; a member that is none of the
/// known fields is an attribute. What it does not tell is not there: no_time for the time. invalid:
/// the sentence names the member.
Result<Event> event_of_json(const Json& json);

}  // namespace berth::observe::streams
