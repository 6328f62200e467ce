#include "async/disk_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(DiskSuite);
}  // namespace berth
