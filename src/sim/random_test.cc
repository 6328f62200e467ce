#include "async/random_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(RandomSuite, 10);
}  // namespace berth
