#include "storage/store_suite.h"

namespace berth::storage {
namespace {

TEST_P(StoreSuite, a_lease_that_runs_out_takes_its_keys_in_one_revision) {
  LeaseId lease = run(store().grant(5)).value();
  EXPECT_NE(lease, 0u);
  put("a", "1", lease);
  put("b", "1", lease);
  Revision last = put("c", "stays");
  EXPECT_EQ(get("a")->lease, lease);
  auto following = watch({}, last);
  harness().pass(2s);
  turn();
  EXPECT_EQ(listed({}), "a=1 b=1 c=stays");
  harness().pass(6s);
  auto changes = take(*following, 2);
  EXPECT_EQ(changes[0].revision, last + 1);
  EXPECT_EQ(changes[1].revision, last + 1);
  EXPECT_EQ(changes[0].value, std::nullopt);
  EXPECT_EQ(listed({}), "c=stays");
  EXPECT_EQ(present(), last + 1);
  EXPECT_EQ(listed({"", "", 10, last}), "a=1 b=1 c=stays");
  EXPECT_EQ(code_of(run(store().keep_alive(lease))), Code::not_found);
}

TEST_P(StoreSuite, a_lease_kept_alive_goes_on_with_its_full_time) {
  LeaseId lease = run(store().grant(5)).value();
  put("a", "1", lease);
  for (int i = 0; i < 4; ++i) {
    harness().pass(3s);
    turn();
    ASSERT_TRUE(run(store().keep_alive(lease)).ok());
    EXPECT_EQ(value_at("a"), "1");
  }
  harness().pass(6s);
  EXPECT_TRUE(until([&] { return !get("a"); }));
}

TEST_P(StoreSuite, a_revoked_lease_takes_its_keys_at_once_in_one_revision) {
  LeaseId lease = run(store().grant(60)).value();
  LeaseId other = run(store().grant(60)).value();
  EXPECT_NE(lease, other);
  put("a", "1", lease);
  put("b", "1", lease);
  put("c", "1", other);
  Revision last = present();
  ASSERT_TRUE(run(store().revoke(lease)).ok());
  EXPECT_EQ(listed({}), "c=1");
  EXPECT_EQ(present(), last + 1);
  EXPECT_EQ(code_of(run(store().revoke(lease))), Code::not_found);
  EXPECT_EQ(code_of(run(store().keep_alive(lease))), Code::not_found);
  EXPECT_EQ(code_of_commit(Batch().put("d", "1", lease)), Code::not_found);
  EXPECT_TRUE(run(store().keep_alive(other)).ok());
}

TEST_P(StoreSuite, a_lease_without_keys_ends_without_a_revision) {
  Revision last = put("a", "1");
  LeaseId lease = run(store().grant(60)).value();
  EXPECT_EQ(present(), last);
  ASSERT_TRUE(run(store().revoke(lease)).ok());
  EXPECT_EQ(present(), last);
}

TEST_P(StoreSuite, a_key_put_without_its_lease_or_with_another_leaves_it) {
  LeaseId lease = run(store().grant(60)).value();
  LeaseId other = run(store().grant(60)).value();
  put("plain", "1", lease);
  put("plain", "2");
  put("moved", "1", lease);
  put("moved", "2", other);
  put("again", "1", lease);
  remove("again");
  put("again", "2");
  ASSERT_TRUE(run(store().revoke(lease)).ok());
  EXPECT_EQ(listed({}), "again=2 moved=2 plain=2");
  ASSERT_TRUE(run(store().revoke(other)).ok());
  EXPECT_EQ(listed({}), "again=2 plain=2");
}

TEST_P(StoreSuite, a_lease_that_never_was_is_not_found) {
  EXPECT_EQ(code_of(run(store().keep_alive(123456789))), Code::not_found);
  EXPECT_EQ(code_of(run(store().revoke(123456789))), Code::not_found);
  EXPECT_EQ(code_of_commit(Batch().put("ok", "1").put("a", "1", 123456789)), Code::not_found);
  EXPECT_EQ(listed({}), "");
}

TEST_P(StoreSuite, a_lease_takes_1_to_86400_seconds) {
  EXPECT_EQ(code_of(run(store().grant(0))), Code::invalid);
  EXPECT_EQ(code_of(run(store().grant(86'401))), Code::invalid);
  EXPECT_TRUE(run(store().grant(1)).ok());
  EXPECT_TRUE(run(store().grant(86'400)).ok());
}

TEST_P(StoreSuite, many_keys_of_one_lease_go_together) {
  LeaseId lease = run(store().grant(60)).value();
  for (int i = 0; i < 3; ++i) {
    Batch batch;
    for (int k = 0; k < 100; ++k) {
      batch.put("k" + std::to_string(i * 100 + k), "v", lease);
    }
    ASSERT_TRUE(run(store().commit(batch)).ok());
  }
  Revision last = present();
  ASSERT_TRUE(run(store().revoke(lease)).ok());
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(present(), last + 1);
}

TEST_P(StoreSuite, a_commit_made_before_the_revoke_goes_with_the_lease_and_one_after_it_fails) {
  if (!harness().keeps_call_order()) GTEST_SKIP() << "not promised";
  LeaseId lease = run(store().grant(60)).value();
  auto before = store().commit(Batch().put("a", "1", lease));
  auto revoked = store().revoke(lease);
  auto after = store().commit(Batch().put("b", "1", lease));
  EXPECT_TRUE(run(std::move(before)).ok());
  EXPECT_TRUE(run(std::move(revoked)).ok());
  EXPECT_EQ(code_of(run(std::move(after))), Code::not_found);
  EXPECT_EQ(listed({}), "");
}

TEST_P(StoreSuite, grants_and_revokes_that_are_dropped_harm_nobody) {
  for (int i = 0; i < 10; ++i) {
    auto dropped = store().grant(60);
    turn(i % 3);
    dropped.reset();
    LeaseId lease = run(store().grant(60)).value();
    put("a", "1", lease);
    auto revoked = store().revoke(lease);
    turn(i % 3);
    revoked.reset();
    EXPECT_TRUE(until([&] { return !get("a"); }));
  }
}

}  // namespace
}  // namespace berth::storage
