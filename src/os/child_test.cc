#include "async/process_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(ProcessSuite);
}  // namespace berth
