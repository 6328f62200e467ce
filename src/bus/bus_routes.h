#pragma once

#include <cstdint>
#include <functional>

#include "base/json_writer.h"
#include "bus/bus.h"
#include "http/router.h"

namespace berth::bus {

/// The revision that answers to changes carry: that of the control state.
using RevisionNow = std::function<std::uint64_t()>;

/// The bus's part of Berth's API (docs/formats/api.md): POST /v1/topics/TOPIC, GET /v1/topics, GET
/// /v1/topics/TOPIC/dead, POST .../dead/send_again and .../dead/ID/send_again. Who may ask is the
/// caller's to check. `bus` outlives the router.
void add_bus_routes(http::Router& router, Bus& bus, RevisionNow revision = {});

/// A TOPIC of the API as the next value.
void write_topic(JsonWriter& out, const TopicState& topic);

}  // namespace berth::bus
