#include "async/clock_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(ClockSuite, 5);
}  // namespace berth
