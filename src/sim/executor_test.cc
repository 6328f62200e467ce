#include "async/executor_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(ExecutorSuite, 5);
}  // namespace berth
