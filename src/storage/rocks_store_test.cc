#include "storage/rocks_store.h"

#include <rocksdb/db.h>

#include "async/gather.h"
#include "storage/rocks_codec.h"
#include "storage/rocks_suite.h"

namespace berth::storage {
namespace {

class RocksHarness final : public StoreHarness {
 public:
  RocksHarness() { store_ = host_.open({.folder = folder_.path}).value(); }
  Store& store() override { return *store_; }
  void turn() override { host_.reactor.turn(1ms); }
  void pass(Duration time) override { host_.clock.advance(time); }
  void drop_store() override { store_.reset(); }

 private:
  TestFolder folder_;
  Host host_;
  std::unique_ptr<RocksStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Rocks, StoreSuite,
                         ::testing::Values([] { return std::make_unique<RocksHarness>(); }));

TEST_F(RocksTest, what_was_committed_stands_with_its_revisions_and_history_after_a_reopen) {
  open();
  Revision first = put("a", "1");
  put("b", "1");
  Revision third = put("a", "2");
  ASSERT_TRUE(commit(Batch().remove("b")).ok());
  for (bool closed : {true, false, true}) {
    closed ? close() : drop();
    open();
    EXPECT_EQ(get("a"), (Entry{"a", "2", first, third, 0}));
    EXPECT_EQ(all().entries.size(), 1u);
    EXPECT_EQ(host.run(store->read({"", "", 10, third})).value().entries.size(), 2u);
    auto watch = host.run(store->watch({}, first)).value();
    auto changes = host.run(watch->next()).value();
    ASSERT_GE(changes.size(), 3u);
    EXPECT_EQ(changes[0].key, "b");
    EXPECT_EQ(changes[2].value, std::nullopt);
  }
  EXPECT_EQ(put("c", "1"), third + 2);
}

TEST_F(RocksTest, leases_stand_after_a_reopen_with_their_full_time) {
  open();
  LeaseId lease = host.run(store->grant(10)).value();
  LeaseId revoked = host.run(store->grant(10)).value();
  put("a", "1", lease);
  ASSERT_TRUE(host.run(store->revoke(revoked)).ok());
  host.clock.advance(8s);
  close();
  host.clock.advance(30s);
  open();
  EXPECT_EQ(get("a")->lease, lease);
  host.clock.advance(8s);
  EXPECT_TRUE(host.run(store->keep_alive(lease)).ok());
  EXPECT_EQ(host.run(store->keep_alive(revoked)).error().code(), Code::not_found);
  EXPECT_GT(host.run(store->grant(10)).value(), revoked);
  host.clock.advance(9s);
  EXPECT_TRUE(get("a"));
  host.clock.advance(2s);
  for (int i = 0; i < 5000 && get("a"); ++i) host.reactor.turn(1ms);
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_F(RocksTest, what_was_compacted_stays_so_after_a_reopen) {
  open();
  Revision first = put("a", "1");
  Revision second = put("a", "2");
  put("a", "3");
  ASSERT_TRUE(host.run(store->compact(second)).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(host.run(store->read({"", "", 10, first})).error().code(), Code::compacted);
    EXPECT_EQ(host.run(store->read({"", "", 10, second})).value().entries[0].value, "2");
    close();
    open();
  }
  ASSERT_TRUE(host.run(store->compact(second + 1)).ok());
  close();
  open();
  EXPECT_EQ(put("a", "4"), second + 2);
}

TEST_F(RocksTest, a_folder_that_is_open_already_is_in_use) {
  open();
  auto second = host.open(options);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::in_use) << second.error().text();
  EXPECT_NE(second.error().text().find(folder.path), std::string::npos);
  close();
  open();
}

TEST_F(RocksTest, the_folder_is_made_with_its_parents) {
  options.folder += "/deep/store";
  open();
  EXPECT_EQ(put("a", "1"), 1u);
}

TEST_F(RocksTest, a_newer_format_and_a_database_of_another_are_refused) {
  auto write = [&](const std::string& key, const std::string& value) {
    rocksdb::DB* raw = nullptr;
    rocksdb::Options raw_options;
    raw_options.create_if_missing = true;
    ASSERT_TRUE(rocksdb::DB::Open(raw_options, options.folder, &raw).ok());
    EXPECT_TRUE(raw->Put({}, key, value).ok());
    delete raw;
  };
  write("something", "else");
  auto opened = host.open(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::invalid) << opened.error().text();
  write(std::string(rocks::format_key), rocks::encode_number(rocks::format_version + 1));
  opened = host.open(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::unsupported) << opened.error().text();
  EXPECT_NE(opened.error().text().find("format 2"), std::string::npos);
}

TEST_F(RocksTest, history_is_kept_within_its_revisions) {
  options.history_revisions_max = 80;
  open();
  for (int i = 1; i <= 100; ++i) put("a", std::to_string(i));
  auto page_at = [&](Revision at) { return host.run(store->read({"", "", 1, at})); };
  EXPECT_EQ(page_at(20).value().entries[0].value, "20");
  EXPECT_EQ(page_at(100 - 91).error().code(), Code::compacted);
  for (int i = 101; i <= 300; ++i) put("a", std::to_string(i));
  EXPECT_EQ(page_at(221).value().entries[0].value, "221");
  EXPECT_EQ(page_at(209).error().code(), Code::compacted);
  auto watch = host.run(store->watch({}, 150)).value();
  EXPECT_EQ(host.run(watch->next()).value()[0].revision, 151u);  // still known in memory
  close();
  open();
  watch = host.run(store->watch({}, 150)).value();
  EXPECT_EQ(host.run(watch->next()).error().code(), Code::compacted);
  EXPECT_EQ(page_at(221).value().entries[0].value, "221");
}

TEST_F(RocksTest, history_is_kept_within_its_bytes) {
  options.history_bytes_max = 1 << 20;
  open();
  for (int i = 1; i <= 60; ++i) put("a", std::string(50'000, static_cast<char>('0' + i)));
  auto page_at = [&](Revision at) { return host.run(store->read({"", "", 1, at})); };
  // A record holds the value and the one before it: ten of them fit.
  EXPECT_EQ(page_at(51).value().entries[0].value[0], '0' + 51);
  EXPECT_EQ(page_at(40).error().code(), Code::compacted);
  close();
  open();
  put("b", std::string(900'000, 'x'));
  put("b", std::string(900'000, 'y'));
  EXPECT_EQ(page_at(61).error().code(), Code::compacted);
  EXPECT_EQ(put("c", "1"), 63u);
  EXPECT_EQ(get("b")->value[0], 'y');
}

TEST_F(RocksTest, commits_that_wait_are_synced_together) {
  use_faulty_disk();
  open();
  int before = faulty->syncs();
  std::vector<Deferred<Revision>> commits;
  for (int i = 0; i < 400; ++i)
    commits.push_back(store->commit(Batch().put("a", std::to_string(i))));
  EXPECT_EQ(host.run(gather_results(std::move(commits))).value().back(), 400u);
  EXPECT_LE(faulty->syncs() - before, 2);
}

TEST_F(RocksTest, too_many_commits_that_wait_are_refused) {
  options.waiting_max = 10;
  options.waiting_bytes_max = 50'000;
  open();
  std::vector<Deferred<Revision>> commits;
  for (int i = 0; i < 40; ++i)
    commits.push_back(store->commit(Batch().put("a", std::to_string(i))));
  auto results = host.run(gather_all(std::move(commits))).value();
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(results[i].ok(), i < 11) << i;
    if (i >= 11) {
      EXPECT_EQ(results[i].error().code(), Code::overloaded);
    }
  }
  auto first = store->commit(Batch().put("a", "1"));
  auto second = store->commit(Batch().put("b", std::string(40'000, 'x')));
  auto third = store->commit(Batch().put("c", std::string(40'000, 'x')));
  EXPECT_EQ(host.run(std::move(third)).error().code(), Code::overloaded);
  EXPECT_TRUE(host.run(std::move(first)).ok());
  EXPECT_TRUE(host.run(std::move(second)).ok());
}

TEST_F(RocksTest, a_watch_far_behind_is_served_from_the_disk) {
  open();
  constexpr Revision made = RocksStore::recent_revisions_max + 500;
  std::vector<Deferred<Revision>> commits;
  for (Revision i = 1; i <= made; ++i) {
    commits.push_back(store->commit(Batch().put("a", std::to_string(i))));
  }
  auto watch = host.run(store->watch({}, 0)).value();
  ASSERT_TRUE(host.run(gather_results(std::move(commits))).ok());
  Revision seen = 0;
  while (seen < made) {
    std::vector<Change> more = host.run(watch->next()).value();
    for (auto& change : more) {
      EXPECT_EQ(change.revision, ++seen);
      EXPECT_EQ(change.value, std::to_string(seen));
    }
  }
}

}  // namespace
}  // namespace berth::storage
