#include "async/gather.h"
#include "storage/store_suite.h"

namespace berth::storage {
namespace {

TEST_P(StoreSuite, a_new_store_is_empty) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(StoreSuite, what_was_put_is_read_with_its_revisions) {
  Revision first = put("a", "1");
  Revision second = put("a", "2");
  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(get("a"), (Entry{"a", "2", first, second, 0}));
  EXPECT_EQ(present(), second);
}

TEST_P(StoreSuite, each_commit_that_writes_makes_one_revision_over_all_keys) {
  Revision before = present();
  EXPECT_EQ(put("a", "1"), before + 1);
  EXPECT_EQ(run(store().commit(Batch().put("b", "1").put("c", "1").remove("a"))).value(),
            before + 2);
  EXPECT_EQ(get("b")->changed, before + 2);
  EXPECT_EQ(get("c")->changed, before + 2);
  EXPECT_EQ(remove("c"), before + 3);
  EXPECT_EQ(present(), before + 3);
}

TEST_P(StoreSuite, the_same_value_put_again_is_a_revision) {
  Revision first = put("a", "1");
  EXPECT_EQ(put("a", "1"), first + 1);
}

TEST_P(StoreSuite, a_commit_that_writes_nothing_answers_the_present_revision) {
  Revision last = put("a", "1");
  EXPECT_EQ(run(store().commit(Batch())).value(), last);
  EXPECT_EQ(run(store().commit(Batch().require("a", last))).value(), last);
  EXPECT_EQ(run(store().commit(Batch().remove("not there"))).value(), last);
  EXPECT_EQ(present(), last);
}

TEST_P(StoreSuite, a_key_that_was_removed_and_put_again_is_created_anew) {
  put("a", "1");
  remove("a");
  EXPECT_EQ(get("a"), std::nullopt);
  Revision again = put("a", "2");
  EXPECT_EQ(get("a")->created, again);
}

TEST_P(StoreSuite, a_condition_that_holds_lets_the_batch_through) {
  Revision first = run(store().commit(Batch().require("a", 0).put("a", "1"))).value();
  Revision second = run(store().commit(Batch().require("a", first).put("a", "2"))).value();
  EXPECT_EQ(get("a")->changed, second);
  EXPECT_TRUE(run(store().commit(Batch().require("a", second).require("b", 0).remove("a"))).ok());
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(StoreSuite, a_condition_that_does_not_hold_is_a_conflict_and_nothing_is_written) {
  Revision first = put("a", "1");
  Revision last = put("b", "1");
  EXPECT_EQ(code_of_commit(Batch().require("a", 0).put("c", "1")), Code::conflict);
  EXPECT_EQ(code_of_commit(Batch().require("a", last).put("c", "1")), Code::conflict);
  EXPECT_EQ(code_of_commit(Batch().require("c", first).put("c", "1")), Code::conflict);
  EXPECT_EQ(
      code_of_commit(Batch().require("a", first).require("b", first).put("c", "1").remove("a")),
      Code::conflict);
  EXPECT_EQ(listed({}), "a=1 b=1");
  EXPECT_EQ(present(), last);
}

TEST_P(StoreSuite, conditions_see_earlier_commits_that_are_still_on_their_way) {
  std::vector<Deferred<Revision>> commits;
  for (int i = 0; i < 20; ++i) {
    commits.push_back(store().commit(Batch().require("lock", 0).put("lock", std::to_string(i))));
  }
  auto results = run(gather_all(std::move(commits))).value();
  int winners = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    winners += results[i].ok();
    if (results[i].ok()) {
      EXPECT_EQ(value_at("lock"), std::to_string(i));
    }
    if (!results[i].ok()) {
      EXPECT_EQ(results[i].error().code(), Code::conflict);
    }
  }
  EXPECT_EQ(winners, 1);
}

TEST_P(StoreSuite, commits_take_effect_in_the_order_in_which_they_were_made) {
  if (!harness().keeps_call_order()) GTEST_SKIP() << "not promised";
  std::vector<Deferred<Revision>> commits;
  for (int i = 0; i < 100; ++i)
    commits.push_back(store().commit(Batch().put("a", std::to_string(i))));
  auto revisions = run(gather_results(std::move(commits))).value();
  for (std::size_t i = 1; i < revisions.size(); ++i) EXPECT_EQ(revisions[i], revisions[i - 1] + 1);
  EXPECT_EQ(value_at("a"), "99");
}

TEST_P(StoreSuite, a_conflict_between_commits_on_their_way_takes_no_revision) {
  if (!harness().keeps_call_order()) GTEST_SKIP() << "not promised";
  Revision before = put("a", "1");
  auto results = run(gather_all(together(store().commit(Batch().put("b", "1")),
                                         store().commit(Batch().require("b", 0).put("c", "1")),
                                         store().commit(Batch().put("d", "1")))))
                     .value();
  EXPECT_EQ(*results[0], before + 1);
  EXPECT_EQ(code_of(results[1]), Code::conflict);
  EXPECT_EQ(*results[2], before + 2);
  EXPECT_EQ(listed({}), "a=1 b=1 d=1");
}

TEST_P(StoreSuite, a_batch_takes_128_operations_and_refuses_129) {
  Batch most;
  for (int i = 0; i < 64; ++i) {
    most.require("key" + std::to_string(i), 0).put("key" + std::to_string(i), "v");
  }
  EXPECT_TRUE(run(store().commit(most)).ok());
  Batch more;
  for (int i = 0; i < 129; ++i) more.put("key" + std::to_string(i), "w");
  auto refused = run(store().commit(more));
  EXPECT_EQ(code_of(refused), Code::overloaded);
  EXPECT_NE(refused.error().text().find("128"), std::string::npos);
  EXPECT_EQ(value_at("key1"), "v");
}

TEST_P(StoreSuite, a_batch_takes_a_mebibyte_and_refuses_more) {
  std::string large(Batch::bytes_max - 1, 'x');
  EXPECT_TRUE(run(store().commit(Batch().put("a", large))).ok());
  EXPECT_EQ(get("a")->value, large);
  auto refused = run(store().commit(Batch().put("a", large + "xx")));
  EXPECT_EQ(code_of(refused), Code::overloaded);
  EXPECT_NE(refused.error().text().find("1048576"), std::string::npos);
}

TEST_P(StoreSuite, keys_are_1_to_1024_bytes_of_any_kind) {
  std::string longest(key_bytes_max, '\xff');
  put(longest, "1");
  EXPECT_EQ(value_at(longest), "1");
  put(std::string("\0\n/", 3), "2");
  EXPECT_EQ(value_at(std::string("\0\n/", 3)), "2");
  EXPECT_EQ(code_of_commit(Batch().put("", "1")), Code::invalid);
  EXPECT_EQ(code_of_commit(Batch().put(longest + "x", "1")), Code::invalid);
  EXPECT_EQ(code_of_commit(Batch().require("", 0)), Code::invalid);
  EXPECT_EQ(code_of(run(store().get(""))), Code::invalid);
  EXPECT_EQ(code_of(run(store().get(longest + "x"))), Code::invalid);
}

TEST_P(StoreSuite, a_batch_that_writes_a_key_twice_is_refused) {
  EXPECT_EQ(code_of_commit(Batch().put("a", "1").put("b", "1").remove("a")), Code::invalid);
  EXPECT_EQ(listed({}), "");
}

TEST_P(StoreSuite, values_may_be_empty_and_hold_any_bytes) {
  put("empty", "");
  ASSERT_TRUE(get("empty"));
  EXPECT_EQ(get("empty")->value, "");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  put("bytes", bytes);
  EXPECT_EQ(get("bytes")->value, bytes);
}

TEST_P(StoreSuite, a_commit_whose_deferred_was_dropped_or_cancelled_harms_nobody) {
  Revision before = put("a", "0");
  for (int i = 0; i < 20; ++i) {
    auto dropped = store().commit(Batch().put("dropped", std::to_string(i)));
    auto cancelled = store().commit(Batch().put("cancelled", std::to_string(i)));
    auto kept = store().commit(Batch().put("kept", std::to_string(i)));
    turn(i % 4);
    dropped.reset();
    cancelled.cancel();
    auto result = run(std::move(cancelled));
    if (!result.ok()) {
      EXPECT_EQ(result.error().code(), Code::cancelled);
    }
    EXPECT_TRUE(run(std::move(kept)).ok());
    EXPECT_EQ(value_at("kept"), std::to_string(i));
  }
  EXPECT_GE(present(), before + 20);
}

TEST_P(StoreSuite, close_waits_for_commits_under_way) {
  std::vector<Deferred<Revision>> commits;
  for (int i = 0; i < 50; ++i)
    commits.push_back(store().commit(Batch().put("a", std::to_string(i))));
  ASSERT_TRUE(run(store().close()).ok());
  for (auto& commit : commits) {
    EXPECT_FALSE(commit.pending());
    EXPECT_TRUE(commit.take().ok());
  }
}

TEST_P(StoreSuite, a_closed_store_answers_closed) {
  LeaseId lease = run(store().grant(10)).value();
  ASSERT_TRUE(run(store().close()).ok());
  EXPECT_EQ(code_of_commit(Batch().put("a", "1")), Code::closed);
  EXPECT_EQ(code_of(run(store().get("a"))), Code::closed);
  EXPECT_EQ(code_of(run(store().read({}))), Code::closed);
  EXPECT_EQ(code_of(run(store().watch({}, 0))), Code::closed);
  EXPECT_EQ(code_of(run(store().grant(10))), Code::closed);
  EXPECT_EQ(code_of(run(store().keep_alive(lease))), Code::closed);
  EXPECT_EQ(code_of(run(store().revoke(lease))), Code::closed);
  EXPECT_EQ(code_of(run(store().compact(1))), Code::closed);
  EXPECT_TRUE(run(store().close()).ok());
}

TEST_P(StoreSuite, a_store_destroyed_with_work_under_way_answers_all_of_it) {
  auto commit = store().commit(Batch().put("a", "1"));
  auto read = store().read({});
  auto lease = store().grant(10);
  auto watch = run(store().watch({}, present())).value();
  auto late = store().commit(Batch().put("other", "1"));
  auto next = watch->next();
  harness().drop_store();
  EXPECT_TRUE(until(
      [&] { return !commit.pending() && !read.pending() && !lease.pending() && !late.pending(); }));
  auto changes = run(std::move(next));
  if (!changes.ok()) {
    EXPECT_EQ(changes.error().code(), Code::closed);
  }
  EXPECT_TRUE(until([&] { return code_of(run(watch->next())) == Code::closed; }));
}

}  // namespace
}  // namespace berth::storage
