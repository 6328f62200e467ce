#include "app/version.h"

namespace berth::app {

std::string_view version() { return BERTH_VERSION; }

}  // namespace berth::app
