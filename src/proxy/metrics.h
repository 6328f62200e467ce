#pragma once

#include <string>

#include "base/time.h"
#include "proxy/proxy_state.h"

namespace berth::proxy {

/// What the proxy has counted and what it is like now, in Prometheus' text format (version 0.0.4),
/// with the names of HAProxy's exporter where the meaning is the same: haproxy_process_*,
/// haproxy_frontend_*, haproxy_backend_*, haproxy_server_*; our own as berth_proxy_*.
std::string metrics_text(const ProxyState& state, Duration uptime);

}  // namespace berth::proxy
