#include "async/random_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(RandomSuite);
}  // namespace berth
