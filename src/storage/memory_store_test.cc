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

TEST(MemoryStore, what_is_older_than_its_history_is_compacted) {
  ManualClock clock;
  MemoryStore store(clock);
  auto run = [](auto deferred) {
    while (deferred.pending()) ReadyList::current().run();
    return deferred.take();
  };
  auto idle = run(store.watch(prefix_range("idle"), 0)).value();
  auto behind = run(store.watch(prefix_range("busy"), 0)).value();
  constexpr Revision made = MemoryStore::history_revisions_max + 1;
  for (Revision i = 1; i <= made; ++i) {
    EXPECT_EQ(run(store.commit(Batch().put("busy", std::to_string(i)))).value(), i);
  }
  EXPECT_EQ(run(store.read({"", "", 1, 1})).value().entries[0].value, "1");
  EXPECT_EQ(run(store.commit(Batch().put("idle", "1"))).value(), made + 1);
  EXPECT_EQ(run(store.read({"", "", 1, 1})).error().code(), Code::compacted);
  EXPECT_EQ(run(behind->next()).error().code(), Code::compacted);
  EXPECT_EQ(run(idle->next()).value()[0].revision, made + 1);
}

}  // namespace
}  // namespace berth::storage
