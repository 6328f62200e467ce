#include "async/disk_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(DiskSuite, 5);
}  // namespace berth
