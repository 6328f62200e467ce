#include "async/clock_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(ClockSuite, 10);
}  // namespace berth
