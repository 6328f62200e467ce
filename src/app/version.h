#pragma once

#include <string_view>

namespace berth::app {

/// Of this Berth: "0.1.0".
std::string_view version();

}  // namespace berth::app
