#include "async/network_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(NetworkSuite);
}  // namespace berth
