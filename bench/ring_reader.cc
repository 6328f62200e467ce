// Reads a ring of access records and throws them away: what stands in for `berth dev` where only
// the proxy is measured.
//   ring_reader PATH
#include <unistd.h>

#include "os/mapped_ring.h"

int main(int count, char** words) {
  if (count < 2) return 2;
  auto ring = berth::os::MappedRing::open(words[1]);
  if (!ring.ok()) return 1;
  for (;;) {
    while ((*ring)->peek().data()) (*ring)->pop();
    ::usleep(20'000);
  }
}
