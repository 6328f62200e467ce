#include "async/process_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(ProcessSuite, 5);
}  // namespace berth
