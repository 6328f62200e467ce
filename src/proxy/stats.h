#pragma once

#include <string>

#include "base/json.h"
#include "proxy/proxy_state.h"

namespace berth::proxy {

/// What HAProxy's statistics page has, of this proxy: by listener, by service, by instance.
///
/// As text: the lines of HAProxy 2.6's `show stat` (management manual, section 9.1), with the names
/// of all its columns in their places, for programs that read them; what Berth does not know is
/// left empty. A listener is a FRONTEND, a service a BACKEND with its instances before it.
std::string stats_csv(const ProxyState& state);

/// For people's pages (docs/formats/proxy.md): {"listeners": [...], "services": [{..., "instances":
/// [...]}]}.
Json stats_json(const ProxyState& state);

}  // namespace berth::proxy
