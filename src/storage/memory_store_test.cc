#include "storage/memory_store.h"

#include "storage/store_suite.h"

namespace berth::storage {
namespace {

class MemoryHarness final : public StoreHarness {
 public:
  Store& store() override { return *store_; }
  void turn() override { ReadyList::current().run(); }
  void pass(Duration time) override { clock_.advance(time); }
  void drop_store() override { store_.reset(); }

 private:
  ManualClock clock_;
  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>(clock_);
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite,
                         ::testing::Values([] { return std::make_unique<MemoryHarness>(); }));

}  // namespace
}  // namespace berth::storage
