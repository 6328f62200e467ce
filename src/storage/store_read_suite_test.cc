#include "storage/store_suite.h"

namespace berth::storage {
namespace {

TEST_P(StoreSuite, a_range_is_read_in_order_of_its_bytes) {
  put("b", "1");
  put("a\xff", "2");
  put("a", "3");
  put(std::string("a\0", 2), "4");
  put("B", "5");
  put("\xc3\xa4", "6");
  auto page = run(store().read({})).value();
  std::vector<std::string> keys;
  for (auto& entry : page.entries) keys.push_back(entry.key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"B", "a", std::string("a\0", 2), "a\xff", "b", "\xc3\xa4"}));
  EXPECT_FALSE(page.more);
}

TEST_P(StoreSuite, a_range_has_its_begin_and_not_its_end) {
  for (auto* key : {"a", "b", "c", "d"}) put(key, key);
  EXPECT_EQ(listed({"b", "d"}), "b=b c=c");
  EXPECT_EQ(listed({"b", ""}), "b=b c=c d=d");
  EXPECT_EQ(listed({"", "b"}), "a=a");
  EXPECT_EQ(listed({"bb", "c"}), "");
  EXPECT_EQ(listed({"c", "b"}), "");
  EXPECT_EQ(listed({"b", "b"}), "");
}

TEST_P(StoreSuite, a_prefix_range_holds_all_that_begins_with_it) {
  for (auto* key : {"a", "a/1", "a/\xff", "a0", "b", "\xff", "\xff\xff"}) put(key, "v");
  EXPECT_EQ(listed(prefix_range("a/")), "a/1=v a/\xff=v");
  EXPECT_EQ(listed(prefix_range("a")), "a=v a/1=v a/\xff=v a0=v");
  EXPECT_EQ(listed(prefix_range("\xff")), "\xff=v \xff\xff=v");
  EXPECT_EQ(prefix_range("a\xff").end, "b");
  EXPECT_EQ(prefix_range("").end, "");
}

TEST_P(StoreSuite, pages_follow_each_other_at_one_revision_while_writes_go_on) {
  for (int i = 10; i < 30; ++i) put("k" + std::to_string(i), "old");
  Range range = prefix_range("k");
  range.entries_max = 7;
  std::vector<std::string> seen;
  Revision at = 0;
  for (int page_number = 0;; ++page_number) {
    ASSERT_LT(page_number, 10);
    auto page = run(store().read(range)).value();
    if (at) {
      EXPECT_EQ(page.revision, at);
    }
    at = page.revision;
    for (auto& entry : page.entries) {
      EXPECT_EQ(entry.value, "old");
      seen.push_back(entry.key);
    }
    if (!page.more) break;
    EXPECT_EQ(page.entries.size(), 7u);
    // Behind and before the place where the next page begins: changed, removed, put in between.
    put("k29", "new");
    put("k10", "new");
    if (get("k28")) remove("k28");
    put("k285", "new");
    range.begin = seen.back() + '\0';
    range.at = at;
  }
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 10; i < 30; ++i) {
    EXPECT_EQ(seen[static_cast<std::size_t>(i - 10)], "k" + std::to_string(i));
  }
  EXPECT_EQ(listed({"k28", ""}), "k285=new k29=new");
}

TEST_P(StoreSuite, a_page_that_ends_with_the_range_says_there_is_no_more) {
  for (auto* key : {"a", "b", "c"}) put(key, key);
  EXPECT_FALSE(run(store().read({"", "", 3})).value().more);
  EXPECT_TRUE(run(store().read({"", "", 2})).value().more);
  EXPECT_FALSE(run(store().read({"", "c", 2})).value().more);
  EXPECT_FALSE(run(store().read({"x", "", 1})).value().more);
}

TEST_P(StoreSuite, a_page_stops_at_its_bytes) {
  std::string large(Batch::bytes_max - 16, 'x');
  for (int i = 0; i < 7; ++i) put("k" + std::to_string(i), large);
  auto page = run(store().read({})).value();
  EXPECT_TRUE(page.more);
  EXPECT_LT(page.entries.size(), 7u);
  EXPECT_GE(page.entries.size(), 4u);
  EXPECT_EQ(run(read_all(store(), {})).value().entries.size(), 7u);
}

TEST_P(StoreSuite, a_past_revision_is_read_as_it_was) {
  Revision first = put("a", "1");
  Revision second = put("b", "1");
  Revision third = run(store().commit(Batch().put("a", "2").remove("b").put("c", "1"))).value();
  Revision fourth = remove("a");
  put("b", "2");
  EXPECT_EQ(listed({"", "", 10, first}), "a=1");
  EXPECT_EQ(listed({"", "", 10, second}), "a=1 b=1");
  EXPECT_EQ(listed({"", "", 10, third}), "a=2 c=1");
  EXPECT_EQ(listed({"", "", 10, fourth}), "c=1");
  EXPECT_EQ(listed({}), "b=2 c=1");
  EXPECT_EQ(listed({"b", "c", 10, second}), "b=1");
  auto page = run(store().read({"", "", 1, third})).value();
  EXPECT_EQ(page.revision, third);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.entries[0], (Entry{"a", "2", first, third, 0}));
}

TEST_P(StoreSuite, what_was_compacted_is_read_no_more_and_what_was_not_is) {
  std::vector<Revision> made;
  for (int i = 0; i < 10; ++i) made.push_back(put("a", std::to_string(i)));
  put("b", "1");
  ASSERT_TRUE(run(store().compact(made[5])).ok());
  EXPECT_EQ(listed({"", "", 10, made[0]}), "compacted");
  EXPECT_EQ(listed({"", "", 10, made[4]}), "compacted");
  EXPECT_EQ(listed({"", "", 10, made[5]}), "a=5");
  EXPECT_EQ(listed({"", "", 10, made[9]}), "a=9");
  EXPECT_EQ(listed({}), "a=9 b=1");
  ASSERT_TRUE(run(store().compact(present())).ok());
  EXPECT_EQ(listed({"", "", 10, made[9]}), "compacted");
  EXPECT_EQ(listed({}), "a=9 b=1");
  EXPECT_EQ(put("c", "1"), made[9] + 2);
  EXPECT_EQ(listed({"", "", 10, made[9] + 1}), "a=9 b=1");
}

TEST_P(StoreSuite, the_future_can_neither_be_read_nor_compacted) {
  Revision last = put("a", "1");
  EXPECT_EQ(code_of(run(store().read({"", "", 10, last + 1}))), Code::invalid);
  EXPECT_EQ(code_of(run(store().compact(last + 1))), Code::invalid);
  EXPECT_EQ(code_of(run(store().read({"", "", 0}))), Code::invalid);
}

TEST_P(StoreSuite, a_commit_that_was_answered_is_read_at_once) {
  for (int i = 0; i < 50; ++i) {
    std::string key = "key" + std::to_string(i);
    Revision made = put(key, "v");
    EXPECT_EQ(get(key)->changed, made);
    EXPECT_GE(run(store().read({key, ""})).value().revision, made);
  }
}

TEST_P(StoreSuite, read_all_reads_everything_at_one_revision_or_refuses) {
  for (int i = 0; i < 25; ++i) put("k" + std::to_string(i), "v");
  Range range = prefix_range("k");
  range.entries_max = 4;
  auto all = run(read_all(store(), range)).value();
  EXPECT_EQ(all.entries.size(), 25u);
  EXPECT_EQ(all.revision, present());
  EXPECT_FALSE(all.more);
  EXPECT_EQ(run(read_all(store(), range, 25)).value().entries.size(), 25u);
  EXPECT_EQ(code_of(run(read_all(store(), range, 24))), Code::overloaded);
}

TEST_P(StoreSuite, reads_that_are_dropped_or_cancelled_harm_nobody) {
  for (int i = 0; i < 100; ++i) put("k" + std::to_string(i), "v");
  for (int i = 0; i < 20; ++i) {
    auto dropped = store().read({});
    auto got = store().get("k1");
    auto cancelled = store().read({});
    turn(i % 3);
    dropped.reset();
    got.reset();
    cancelled.cancel();
    auto result = run(std::move(cancelled));
    if (!result.ok()) {
      EXPECT_EQ(result.error().code(), Code::cancelled);
    }
    EXPECT_EQ(value_at("k2"), "v");
  }
}

}  // namespace
}  // namespace berth::storage
