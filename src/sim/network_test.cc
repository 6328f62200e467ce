#include "async/network_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(NetworkSuite, 5);
}  // namespace berth
