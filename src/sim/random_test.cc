#include "async/random_suite.h"
#include "sim/simulated_suite.h"

namespace berth {
BERTH_SIMULATED_SUITE(RandomSuite, 5);
}  // namespace berth
