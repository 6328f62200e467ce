#include <map>

#include "storage/store_suite.h"

namespace berth::storage {
namespace {

TEST_P(StoreSuite, a_watch_waits_for_the_first_change_and_brings_it) {
  put("a", "1");
  auto following = watch({}, present());
  auto next = following->next();
  turn();
  EXPECT_TRUE(next.pending());
  Revision made = put("b", "2");
  auto changes = run(std::move(next)).value();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "b");
  EXPECT_EQ(changes[0].value, "2");
  EXPECT_EQ(changes[0].revision, made);
}

TEST_P(StoreSuite, a_watch_tells_removals_apart_from_empty_values) {
  auto following = watch({}, present());
  put("a", "");
  auto changes = take(*following, 1);
  EXPECT_EQ(changes[0].value, "");
  Revision removed = remove("a");
  changes = take(*following, 1);
  EXPECT_EQ(changes[0].value, std::nullopt);
  EXPECT_EQ(changes[0].revision, removed);
}

TEST_P(StoreSuite, what_changed_nothing_is_not_seen_by_a_watch) {
  put("a", "1");
  auto following = watch({}, present());
  EXPECT_EQ(code_of_commit(Batch().require("a", 0).put("a", "no")), Code::conflict);
  ASSERT_TRUE(run(store().commit(Batch().remove("not there"))).ok());
  put("b", "1");
  EXPECT_EQ(next(*following), "b=1");
}

TEST_P(StoreSuite, changes_come_in_order_and_a_revision_comes_whole) {
  auto following = watch({}, present());
  Revision first = present() + 1;
  constexpr int revisions = 30;
  for (int i = 0; i < revisions; ++i) {
    Batch batch;
    for (int k = 0; k < 100; ++k) batch.put("k" + std::to_string(k), std::to_string(i));
    ASSERT_TRUE(run(store().commit(batch)).ok());
  }
  std::map<Revision, int> seen;
  while (seen.size() < revisions) {
    std::map<Revision, int> answer;
    auto changes = run(following->next()).value();
    Revision last = 0;
    for (auto& change : changes) {
      EXPECT_GE(change.revision, last);
      last = change.revision;
      EXPECT_EQ(change.value, std::to_string(change.revision - first));
      ++answer[change.revision];
    }
    for (auto& [revision, count] : answer) {
      EXPECT_EQ(count, 100);
      EXPECT_TRUE(seen.empty() || revision == seen.rbegin()->first + 1);
      seen[revision] = count;
    }
  }
}

TEST_P(StoreSuite, a_watch_sees_its_range_only) {
  auto following = watch(prefix_range("a/"), present());
  put("a", "no");
  put("a/1", "1");
  put("b", "no");
  ASSERT_TRUE(run(store().commit(Batch().put("a/2", "2").put("a0", "no").put("c", "no"))).ok());
  auto changes = take(*following, 2);
  EXPECT_EQ(text_of(changes), "a/1=1 a/2=2");
}

TEST_P(StoreSuite, a_watch_from_a_past_revision_begins_with_what_followed_it) {
  put("a", "1");
  Revision second = put("a", "2");
  put("b", "1");
  put("a", "3");
  remove("a");
  auto following = watch({"a", "b"}, second);
  auto changes = take(*following, 2);
  EXPECT_EQ(text_of(changes), "a=3 a-");
  put("a", "4");
  EXPECT_EQ(next(*following), "a=4");
}

TEST_P(StoreSuite, a_watch_may_begin_in_the_future) {
  Revision last = put("a", "1");
  auto following = watch({}, last + 2);
  auto next = following->next();
  put("a", "2");
  put("a", "3");
  turn();
  EXPECT_TRUE(next.pending());
  put("a", "4");
  EXPECT_EQ(text_of(run(std::move(next))), "a=4");
}

TEST_P(StoreSuite, a_watch_from_what_was_compacted_says_so) {
  Revision first = put("a", "1");
  for (int i = 0; i < 5; ++i) put("a", "2");
  Revision last = put("a", "3");
  put("a", "4");
  ASSERT_TRUE(run(store().compact(last)).ok());
  auto late = run(store().watch({}, first));
  if (late.ok()) {  // some engines know it with the first answer only
    EXPECT_EQ(next(**late), "compacted");
  } else {
    EXPECT_EQ(late.error().code(), Code::compacted);
  }
  auto following = watch({}, last);
  EXPECT_EQ(next(*following), "a=4");
}

TEST_P(StoreSuite, a_watch_that_keeps_up_does_not_mind_a_compaction) {
  auto following = watch({"w", ""}, present());
  auto waiting = following->next();
  auto idle = watch({"w", ""}, present());
  for (int i = 0; i < 20; ++i) put("a", std::to_string(i));
  turn();
  ASSERT_TRUE(run(store().compact(present())).ok());
  put("w", "1");
  EXPECT_EQ(text_of(run(std::move(waiting))), "w=1");
  EXPECT_EQ(next(*idle), "w=1");
}

TEST_P(StoreSuite, list_and_watch_from_its_revision_misses_nothing) {
  put("a", "1");
  auto page = run(store().read({})).value();
  put("b", "1");
  auto following = watch({}, page.revision);
  put("c", "1");
  EXPECT_EQ(text_of(take(*following, 2)), "b=1 c=1");
}

TEST_P(StoreSuite, several_watchers_each_see_all_of_theirs) {
  std::vector<std::unique_ptr<Watch>> all;
  std::vector<Deferred<std::vector<Change>>> waiting;
  for (int i = 0; i < 20; ++i) {
    all.push_back(watch(prefix_range("k" + std::to_string(i % 2)), present()));
    if (i % 3 == 0) waiting.push_back(all.back()->next());
  }
  for (int i = 0; i < 10; ++i) put("k" + std::to_string(i % 2), std::to_string(i));
  std::size_t waiters = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string seen;
    std::size_t count = 0;
    if (i % 3 == 0) {
      auto first = run(std::move(waiting[waiters++]));
      count = first.value().size();
      seen = text_of(first);
    }
    if (count < 5) seen += (seen.empty() ? "" : " ") + text_of(take(*all[i], 5 - count));
    EXPECT_EQ(seen, i % 2 == 0 ? "k0=0 k0=2 k0=4 k0=6 k0=8" : "k1=1 k1=3 k1=5 k1=7 k1=9");
  }
}

TEST_P(StoreSuite, a_slow_watcher_loses_nothing) {
  auto following = watch(prefix_range("k"), present());
  std::vector<Change> seen;
  for (int i = 0; i < 500; ++i) {
    put("k" + std::to_string(i), std::string(4000, 'x'));
    if (i % 50 == 0) {
      std::vector<Change> more = run(following->next()).value();
      std::ranges::move(more, std::back_inserter(seen));
    }
  }
  for (auto& change : take(*following, 500 - seen.size())) seen.push_back(std::move(change));
  ASSERT_EQ(seen.size(), 500u);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i)].key, "k" + std::to_string(i));
  }
}

TEST_P(StoreSuite, a_watcher_that_comes_late_catches_up_while_writes_go_on) {
  Revision begin = present();
  for (int i = 0; i < 300; ++i) put("k", std::to_string(i));
  auto following = watch({}, begin);
  auto first = following->next();
  std::vector<Deferred<Revision>> commits;
  for (int i = 300; i < 400; ++i)
    commits.push_back(store().commit(Batch().put("k", std::to_string(i))));
  auto seen = run(std::move(first)).value();
  for (auto& change : take(*following, 400 - seen.size())) seen.push_back(std::move(change));
  ASSERT_EQ(seen.size(), 400u);
  for (int i = 0; i < 400; ++i)
    EXPECT_EQ(seen[static_cast<std::size_t>(i)].value, std::to_string(i));
  for (auto& commit : commits) EXPECT_TRUE(run(std::move(commit)).ok());
}

TEST_P(StoreSuite, a_call_of_next_that_is_dropped_or_cancelled_while_it_waits_takes_nothing) {
  auto following = watch({}, present());
  auto dropped = following->next();
  turn();
  dropped.reset();
  put("a", "1");
  EXPECT_EQ(next(*following), "a=1");
  auto cancelled = following->next();
  cancelled.cancel();
  EXPECT_EQ(code_of(run(std::move(cancelled))), Code::cancelled);
  put("a", "2");
  EXPECT_EQ(next(*following), "a=2");
}

TEST_P(StoreSuite, a_watch_that_was_destroyed_answers_its_waiting_call_and_costs_nothing_more) {
  auto following = watch({}, present());
  auto other = watch({}, present());
  auto waiting = following->next();
  auto dropped = other->next();
  turn();
  following.reset();
  EXPECT_EQ(text_of(run(std::move(waiting))), "closed");
  dropped.reset();
  other.reset();
  put("a", "1");
  EXPECT_EQ(value_at("a"), "1");
}

TEST_P(StoreSuite, dropping_and_destroying_in_any_order_is_sound) {
  set_unhandled_error_sink([](const Error& error) { EXPECT_EQ(error.code(), Code::closed); });
  for (int i = 0; i < 24; ++i) {
    auto following = watch({}, i % 2 ? present() : 0);
    auto waiting = following->next();
    if (i % 3 == 0) put("a", std::to_string(i));
    turn(i % 4);
    if (i % 4 < 2) following.reset();
    if (i % 6 < 3) waiting.reset();
    put("b", std::to_string(i));
  }
  set_unhandled_error_sink(nullptr);
  EXPECT_EQ(value_at("b"), "23");
}

TEST_P(StoreSuite, closing_the_store_ends_its_watches) {
  auto following = watch({}, present());
  auto waiting = following->next();
  turn();
  ASSERT_TRUE(run(store().close()).ok());
  EXPECT_EQ(text_of(run(std::move(waiting))), "closed");
  EXPECT_EQ(next(*following), "closed");
}

}  // namespace
}  // namespace berth::storage
