#include "async/clock_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(ClockSuite);
}  // namespace berth
