#include "async/gather.h"
#include "storage/rocks_suite.h"

namespace berth::storage {
namespace {

/// Commits puts of "k1", "k2", ... and keeps what was acknowledged.
struct Committing {
  RocksTest& test;
  int made = 0;
  std::map<std::string, Revision> acknowledged;
  std::vector<std::pair<std::string, Deferred<Revision>>> under_way;

  void begin(int count, std::size_t value_bytes = 100) {
    for (int i = 0; i < count; ++i) {
      std::string key = "k" + std::to_string(++made);
      under_way.emplace_back(key,
                             test.store->commit(Batch().put(key, std::string(value_bytes, 'x'))));
    }
  }
  /// The code of the last that failed.
  std::optional<Code> finish() {
    std::optional<Code> failed;
    for (auto& [key, commit] : under_way) {
      auto result = test.host.run(std::move(commit));
      if (result.ok()) {
        acknowledged[key] = *result;
      } else {
        failed = result.error().code();
      }
    }
    under_way.clear();
    return failed;
  }
  void expect_all_there() {
    for (auto& [key, revision] : acknowledged) {
      auto entry = test.get(key);
      ASSERT_TRUE(entry) << key << " was acknowledged and is lost";
      EXPECT_EQ(entry->changed, revision) << key;
    }
  }
};

TEST_F(RocksTest, a_full_disk_is_told_and_loses_nothing_and_the_store_goes_on_when_there_is_room) {
  use_faulty_disk();
  // At each of many places, so that records are torn in their header, their middle, their end; the
  // first time with nothing else in the log.
  for (std::uint64_t room : {0, 1, 7, 100, 350, 3000}) {
    if (!store) open();
    Committing committing{*this};
    if (room % 2 == 0) committing.begin(20);
    EXPECT_EQ(committing.finish(), std::nullopt);
    faulty->set_room(room);
    std::optional<Code> failed;
    for (int i = 0; i < 200 && !failed; ++i) {
      committing.begin(3);
      failed = committing.finish();
    }
    EXPECT_EQ(failed, Code::disk_full) << room;
    EXPECT_EQ(commit(Batch().put("no", "room")).error().code(), Code::disk_full);
    committing.expect_all_there();  // reads go on
    EXPECT_EQ(get("no"), std::nullopt);
    faulty->set_room(FaultyDisk::plenty);
    committing.begin(20);
    EXPECT_EQ(committing.finish(), std::nullopt) << room;
    committing.expect_all_there();
    room % 3 == 0 ? close() : drop();
    open();
    committing.expect_all_there();
  }
}

TEST_F(RocksTest, revisions_have_no_gap_and_watches_miss_nothing_over_a_full_disk) {
  use_faulty_disk();
  open();
  auto watch = host.run(store->watch({}, 0)).value();
  Committing committing{*this};
  for (std::uint64_t room : {200, 500, 1234}) {
    committing.begin(10);
    committing.finish();
    faulty->set_room(room);
    committing.begin(40);
    committing.finish();
    committing.begin(5);
    committing.finish();
    faulty->set_room(FaultyDisk::plenty);
  }
  committing.begin(1);
  ASSERT_EQ(committing.finish(), std::nullopt);
  Revision present = all().revision;
  Revision seen = 0;
  std::map<std::string, Revision> changed;
  while (seen < present) {
    std::vector<Change> more = host.run(watch->next()).value();
    for (auto& change : more) {
      EXPECT_EQ(change.revision, ++seen);
      changed[change.key] = change.revision;
    }
  }
  for (auto& entry : all().entries) EXPECT_EQ(changed[entry.key], entry.changed);
  EXPECT_EQ(changed.size(), all().entries.size());
  committing.expect_all_there();
}

TEST_F(RocksTest, after_a_failed_sync_nothing_is_claimed_that_is_not_on_the_disk) {
  use_faulty_disk();
  open();
  for (int round = 0; round < 4; ++round) {
    Committing committing{*this};
    committing.begin(10);
    EXPECT_EQ(committing.finish(), std::nullopt);
    faulty->fail_syncs(1);
    committing.begin(5);
    EXPECT_EQ(committing.finish(), Code::io);
    committing.begin(round % 2 ? 5 : 0);
    EXPECT_EQ(committing.finish(), std::nullopt);
    committing.expect_all_there();
    faulty->cut_power();
    drop();
    faulty->power_on();
    open();
    committing.expect_all_there();
  }
}

TEST_F(RocksTest, a_power_cut_at_any_time_loses_nothing_acknowledged) {
  use_faulty_disk();
  for (int round = 0; round < 8; ++round) {
    open();
    Committing committing{*this};
    committing.begin(40, round == 4 ? 60'000 : 100);
    for (int i = 0; i < 2 * round; ++i) host.reactor.turn(1ms);
    committing.begin(40);
    if (round % 3 == 0) committing.finish();
    faulty->cut_power();
    committing.finish();
    drop();
    faulty->power_on();
    open();
    committing.expect_all_there();
    auto page = all();
    EXPECT_EQ(put("after", "it"), page.revision + 1);
    drop();
  }
}

TEST_F(RocksTest, what_failed_and_is_found_on_the_disk_all_the_same_is_told_to_watches) {
  use_faulty_disk();
  open();
  put("a", "1");
  auto watch = host.run(store->watch({}, 1)).value();
  faulty->fail_syncs(1);
  EXPECT_EQ(commit(Batch().put("a", "2")).error().code(), Code::io);
  EXPECT_EQ(get("a")->value, "1");
  Revision next = put("b", "1");
  auto entry = get("a");
  std::vector<Change> changes;
  while (changes.empty() || changes.back().key != "b") {
    std::vector<Change> more = host.run(watch->next()).value();
    changes.insert(changes.end(), more.begin(), more.end());
  }
  if (entry->value == "2") {
    ASSERT_EQ(changes.size(), 2u);
    EXPECT_EQ(changes[0].value, "2");
    EXPECT_EQ(next, 3u);
  } else {
    EXPECT_EQ(changes.size(), 1u);
    EXPECT_EQ(next, 2u);
  }
}

TEST_F(RocksTest, a_lease_that_ends_on_a_full_disk_takes_its_keys_once_there_is_room) {
  use_faulty_disk();
  open();
  LeaseId lease = host.run(store->grant(5)).value();
  LeaseId revoked = host.run(store->grant(60)).value();
  put("a", "1", lease);
  put("b", "1", revoked);
  faulty->set_room(0);
  host.clock.advance(6s);
  EXPECT_EQ(host.run(store->keep_alive(lease)).error().code(), Code::not_found);
  EXPECT_EQ(host.run(store->revoke(revoked)).error().code(), Code::disk_full);
  EXPECT_TRUE(get("a"));
  faulty->set_room(FaultyDisk::plenty);
  for (int i = 0; i < 5000 && !all().entries.empty(); ++i) {
    host.clock.advance(LeaseTable::again_after);
    host.reactor.turn(1ms);
  }
  EXPECT_EQ(all().entries.size(), 0u);
}

TEST_F(RocksTest, a_store_is_not_opened_on_a_full_disk) {
  use_faulty_disk();
  faulty->set_room(10);
  auto opened = host.open(options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::disk_full) << opened.error().text();
  faulty->set_room(FaultyDisk::plenty);
  open();
  EXPECT_EQ(put("a", "1"), 1u);
}

}  // namespace
}  // namespace berth::storage
