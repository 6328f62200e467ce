#pragma once

#include <string_view>

namespace berth::observe {

/// Rules that a system of services has without a line written, as the text of a file
/// (docs/formats/alerts.md): `berth dev` has them. They stand on series of the proxy's records and
/// on those of app/vitals.h.
extern const std::string_view default_alerts;

}  // namespace berth::observe
