#include "async/executor_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(ExecutorSuite);
}  // namespace berth
