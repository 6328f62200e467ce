#pragma once

#include <functional>

#include "http/router.h"
#include "observe/alerts/alerts.h"

namespace berth::observe {

/// GET /v1/alerts, GET /v1/alerts/history?limit=N, POST /v1/alerts/silences {matchers, for, by,
/// comment}, DELETE /v1/alerts/silences/ID, POST /v1/alerts/annotations {service, description,
/// host}; docs/formats/alerts.md. What `alerts` refers to, and `clock`, outlive the router; where
/// it gives null the answer is 503. Who may ask is the caller's to look at.
void add_alert_routes(http::Router& router, std::function<std::shared_ptr<Alerts>()> alerts,
                      Clock& clock);

}  // namespace berth::observe
