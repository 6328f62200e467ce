#include "placement/mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement/store_suite.h"

namespace berth::placement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct MirrorTest : StoreTest {
  storage::Revision put_host(const std::string& name, std::int64_t memory = 0) {
    return put(host_key(name), to_json(HostRecord{.name = name, .memory_bytes = memory}).text());
  }
};

TEST_F(MirrorTest, shows_what_stands_and_follows_what_changes) {
  put_host("a");
  start_mirror();
  EXPECT_TRUE(state().hosts.contains("a"));
  storage::Revision revision = put_host("b");
  ASSERT_TRUE(simulation.run(mirror.reached(revision)).ok());
  EXPECT_TRUE(state().hosts.contains("b"));
  EXPECT_EQ(state().revision, revision);
  EXPECT_EQ(mirror.changed_at(host_key("b")), revision);
  revision = simulation.run(store.commit(storage::Batch().remove(host_key("a")))).value();
  caught_up(revision);
  EXPECT_FALSE(state().hosts.contains("a"));
  EXPECT_EQ(mirror.changed_at(host_key("a")), 0u);
}

TEST_F(MirrorTest, wakes_all_who_wait_at_each_change) {
  start_mirror();
  Deferred<void> one = mirror.changed();
  Deferred<void> two = mirror.changed();
  put_host("a");
  EXPECT_TRUE(simulation.run(std::move(one)).ok());
  EXPECT_TRUE(simulation.run(std::move(two)).ok());
}

TEST_F(MirrorTest, its_revision_follows_keys_of_others_too) {
  start_mirror();
  caught_up(put("somebody/else", "x"));
}

TEST_F(MirrorTest, lists_again_when_the_watch_breaks_and_shows_what_it_knew_meanwhile) {
  put_host("a");
  start_mirror();
  store.break_watches(Error(Code::compacted, "gone"));
  for (int i = 0; i < 3; ++i) store.fail_reads.push_back(Error(Code::unavailable, "away"));
  caught_up(put_host("b"));  // the watch delivers this and then breaks
  simulation.run_for(10ms);
  EXPECT_TRUE(state().hosts.contains("a"));
  simulation.run(store.commit(storage::Batch().remove(host_key("a")))).value();
  storage::Revision revision = put_host("c");
  simulation.run_for(10ms);
  EXPECT_FALSE(state().hosts.contains("c")) << "it is not read yet";
  EXPECT_TRUE(state().hosts.contains("a"));
  caught_up(revision);
  EXPECT_TRUE(state().hosts.contains("c"));
  EXPECT_FALSE(state().hosts.contains("a"));
  EXPECT_THAT(store.fail_reads, IsEmpty());
}

TEST_F(MirrorTest, starts_once_the_store_can_be_read) {
  put_host("a");
  for (int i = 0; i < 5; ++i) store.fail_reads.push_back(Error(Code::unavailable, "away"));
  start_mirror();
  EXPECT_TRUE(state().hosts.contains("a"));
}

TEST_F(MirrorTest, an_entry_that_cannot_be_read_does_not_harm_the_others) {
  put_host("a", 7);
  put(host_key("b"), "{");
  start_mirror();
  EXPECT_EQ(state().hosts.size(), 1u);
  caught_up(put(host_key("a"), "[]"));
  EXPECT_EQ(state().hosts.at("a").memory_bytes, 7);
  caught_up(put_host("a", 8));
  EXPECT_EQ(state().hosts.at("a").memory_bytes, 8);
}

TEST_F(MirrorTest, who_waits_when_it_closes_is_told) {
  start_mirror();
  std::optional<Mirror> other;
  other.emplace(world, Log(), store);
  ASSERT_TRUE(simulation.run(other->start()).ok());
  Deferred<void> waiting = other->reached(1'000'000);
  ASSERT_TRUE(simulation.run(other->close()).ok());
  other.reset();
  EXPECT_FALSE(simulation.run(std::move(waiting)).ok());
}

// The feed ---------------------------------------------------------------------------------------

FeedEntry entry(std::string text) {
  FeedEntry entry;
  entry.kind = "health";
  entry.level = "ok";
  entry.service = "orders";
  entry.text = std::move(text);
  return entry;
}

TEST_F(MirrorTest, the_feed_is_written_in_order_with_growing_ids) {
  start_mirror();
  for (int i = 0; i < 60; ++i) feed.add(entry(std::to_string(i)));
  ASSERT_TRUE(until([&] { return state().feed.size() == 60; }));
  std::uint64_t id = 1;
  for (auto& [number, each] : state().feed) {
    EXPECT_EQ(each.id, number);
    EXPECT_EQ(number, id++);
    EXPECT_EQ(each.text, std::to_string(number - 1));
    EXPECT_NE(each.time, WallTime{});
  }
}

TEST_F(MirrorTest, the_feed_keeps_the_newest_entries) {
  start_mirror();
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 50; ++i) feed.add(entry("x"));
    simulation.run_for(1s);
  }
  ASSERT_TRUE(until([&] { return state().feed.rbegin()->first == 500; }));
  EXPECT_EQ(state().feed.size(), Feed::entries_kept);
  EXPECT_EQ(state().feed.begin()->first, 301u);
}

TEST_F(MirrorTest, two_feeds_write_side_by_side) {
  start_mirror();
  Feed other(world, Log(), store, mirror);
  for (int i = 0; i < 20; ++i) {
    feed.add(entry("here"));
    other.add(entry("there"));
  }
  ASSERT_TRUE(until([&] { return state().feed.size() == 40; }));
  EXPECT_TRUE(simulation.run(other.close()).ok());
}

TEST_F(MirrorTest, an_entry_that_cannot_be_written_is_left_out) {
  start_mirror();
  store.fail_commits.push_back(Error(Code::disk_full, "full"));
  feed.add(entry("lost"));
  simulation.run_for(1s);
  feed.add(entry("written"));
  ASSERT_TRUE(until([&] { return !state().feed.empty(); }));
  EXPECT_THAT(feed_texts(), ElementsAre("orders health: written"));
}

TEST_F(MirrorTest, a_feed_of_a_later_run_goes_on_with_the_ids) {
  put(feed_key(41), to_json(FeedEntry{.id = 41}).text());
  start_mirror();
  feed.add(entry("next"));
  ASSERT_TRUE(until([&] { return state().feed.contains(42); }));
}

}  // namespace
}  // namespace berth::placement
