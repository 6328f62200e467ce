#include "proxy/cache_suite.h"

// What of kept answers is Berth's own: limits, purges, records, requests that are joined.

namespace berth::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(CacheTest, is_off_where_the_policy_does_not_ask_for_it) {
  users.policy.cache.on = false;
  apply();
  EXPECT_FALSE(kept());
  EXPECT_EQ(get()["cache-status"], "");
}

TEST_F(CacheTest, what_is_kept_goes_when_it_is_switched_off) {
  get();
  EXPECT_EQ(cache().entries(), 1u);
  users.policy.cache.on = false;
  apply();
  EXPECT_EQ(cache().entries(), 0u);
  EXPECT_EQ(cache().bytes(), 0u);
}

TEST_F(CacheTest, a_hit_is_recorded_and_counted_as_one) {
  get();
  get();
  ASSERT_EQ(sink.records.size(), 2u);
  EXPECT_EQ(sink.records[0].server, "users/1");
  EXPECT_EQ(sink.records[0].termination, "----");
  EXPECT_EQ(sink.records[1].server, "<CACHE>");
  EXPECT_EQ(sink.records[1].termination, "LR--");
  EXPECT_EQ(cache().counts.lookups, 2u);
  EXPECT_EQ(cache().counts.hits, 1u);
  EXPECT_EQ(cache().counts.stored, 1u);
}

TEST_F(CacheTest, a_hit_needs_no_instance) {
  get();
  origin.listener->close();
  origin.serves.reset();
  users.instances.clear();
  apply();
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(get({}, "/other").status, 503);
}

TEST_F(CacheTest, one_that_is_too_large_is_passed_on_and_not_kept) {
  users.policy.cache.entry_bytes_max = 1024;
  apply();
  origin.body = std::string(1025, 'x');
  EXPECT_EQ(get().body.size(), 1025u);
  EXPECT_EQ(cache().counts.too_large, 1u);
  origin.raw = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) origin.raw += "64\r\n" + std::string(100, 'y') + "\r\n";
  origin.raw += "0\r\n\r\n";
  EXPECT_EQ(get().body.size(), 2000u);
  EXPECT_EQ(cache().entries(), 0u);
  EXPECT_EQ(cache().counts.too_large, 2u);
}

TEST_F(CacheTest, beyond_entries_max_what_was_used_longest_ago_goes) {
  users.policy.cache.entries_max = 3;
  apply();
  for (const char* each : {"/1", "/2", "/3"}) get({}, each);
  get({}, "/1");
  get({}, "/4");
  EXPECT_EQ(cache().entries(), 3u);
  EXPECT_EQ(cache().counts.evicted, 1u);
  std::size_t before = asked();
  for (const char* each : {"/1", "/3", "/4"}) get({}, each);
  EXPECT_EQ(asked(), before);
  get({}, "/2");
  EXPECT_EQ(asked(), before + 1);
}

TEST_F(CacheTest, beyond_bytes_max_too) {
  users.policy.cache.bytes_max = 40'000;
  apply();
  origin.body = std::string(10'000, 'x');
  for (int i = 0; i < 10; ++i) get({}, "/" + std::to_string(i));
  EXPECT_LE(cache().bytes(), 40'000u);
  EXPECT_EQ(cache().entries(), 3u);
  EXPECT_EQ(cache().counts.evicted, 7u);
}

TEST_F(CacheTest, an_uri_has_so_many_variants) {
  says({"Cache-Control: max-age=60", "Vary: X-Kind"});
  for (std::size_t i = 0; i < ResponseCache::variants_max + 5; ++i)
    get({{"X-Kind", std::to_string(i)}});
  EXPECT_EQ(cache().entries(), ResponseCache::variants_max);
}

TEST_F(CacheTest, a_purge_by_tag_takes_those_that_have_it) {
  says({"Cache-Control: max-age=60", "Cache-Tag: users, user-1"});
  get({}, "/1");
  says({"Cache-Control: max-age=60", "Surrogate-Key: users user-2"});
  get({}, "/2");
  says({"Cache-Control: max-age=60"});
  get({}, "/3");
  auto purge = [&](std::string_view tag) {
    return cache().purge([hash = tag_hash(tag)](const CachedAnswer& answer) {
      return std::ranges::find(answer.tags, hash) != answer.tags.end();
    });
  };
  EXPECT_EQ(purge("user-2"), 1u);
  EXPECT_EQ(purge("nobody"), 0u);
  EXPECT_THAT(get({}, "/1")["cache-status"], StartsWith("berth; hit"));
  EXPECT_EQ(purge("users"), 1u);
  EXPECT_EQ(cache().entries(), 1u);
}

TEST_F(CacheTest, what_was_on_its_way_during_a_purge_is_not_kept) {
  origin.takes = 100ms;
  auto reading = ask();
  pass(20ms);
  cache().purge([](const CachedAnswer&) { return true; });
  EXPECT_EQ(run(std::move(reading)).status, 200);
  EXPECT_EQ(cache().entries(), 0u);
}

TEST_F(CacheTest, more_tags_than_are_kept_keep_nothing) {
  std::string tags = "Cache-Tag: ";
  for (std::size_t i = 0; i <= tags_max; ++i) tags += "t" + std::to_string(i) + ",";
  says({"Cache-Control: max-age=60", tags});
  EXPECT_FALSE(kept());
  EXPECT_EQ(cache().counts.no_room, 2u);
}

TEST_F(CacheTest, hits_earn_no_retries) {
  get();
  for (int i = 0; i < 1000; ++i) get();
  // Ten at the start and three for the second: what a thousand hits would have earned is not there.
  MonotonicTime now = simulation.now();
  auto& budget = proxy->pool_called("users")->budget;
  int spent = 0;
  while (budget.spend(now)) ++spent;
  EXPECT_LE(spent, 13);
}

// Joined ------------------------------------------------------------------------------------------

struct JoinTest : CacheTest {
  JoinTest() {
    users.policy.cache.join = true;
    apply();
    origin.takes = 100ms;
  }
  std::vector<Got> at_once(const std::vector<Fields>& all, Duration apart = 1ms) {
    std::vector<Deferred<Got>> asking;
    for (auto& fields : all) {
      asking.push_back(ask(fields));
      pass(apart);
    }
    std::vector<Got> got;
    for (auto& each : asking) got.push_back(run(std::move(each)));
    return got;
  }
};

TEST_F(JoinTest, many_at_once_are_one_request) {
  auto all = at_once(std::vector<Fields>(20));
  EXPECT_EQ(asked(), 1u);
  for (auto& got : all) EXPECT_EQ(got.body, "content");
  EXPECT_EQ(all[0]["cache-status"], "berth; fwd=uri-miss; stored");
  EXPECT_EQ(all[1]["cache-status"], "berth; fwd=uri-miss; collapsed");
  EXPECT_EQ(cache().counts.joined, 19u);
  EXPECT_EQ(sink.records.size(), 20u);
  EXPECT_EQ(sink.records[1].server, "<CACHE>");
}

TEST_F(JoinTest, what_is_for_one_alone_is_asked_by_each) {
  for (const char* fields : {"Cache-Control: private, max-age=60", "Cache-Control: no-store",
                             "Cache-Control: max-age=0", "Set-Cookie: a=b"}) {
    says({fields});
    std::size_t before = asked();
    auto all = at_once(std::vector<Fields>(4));
    EXPECT_EQ(asked(), before + 4) << fields;
    for (auto& got : all) EXPECT_EQ(got.body, "content");
    pass(Flights::alone_for);
  }
}

TEST_F(JoinTest, after_that_nobody_waits_for_a_while) {
  says({"Cache-Control: private"});
  at_once(std::vector<Fields>(3));
  MonotonicTime begun = simulation.now();
  at_once(std::vector<Fields>(3), 0s);
  EXPECT_LT(simulation.now() - begun, 150ms) << "not one after another";
}

TEST_F(JoinTest, other_variants_go_by_themselves) {
  says({"Cache-Control: max-age=60", "Vary: X-Kind"});
  auto all = at_once({{{"X-Kind", "a"}}, {{"X-Kind", "a"}}, {{"X-Kind", "b"}}});
  EXPECT_EQ(asked(), 2u);
  EXPECT_EQ(origin.last().at("x-kind"), "b");
}

TEST_F(JoinTest, a_leader_that_goes_away_takes_nobody_with_it) {
  auto leader = here.network.connect(users.vip);
  auto stream = simulation.run(std::move(leader)).value();
  auto written =
      simulation.run(stream->write(Bytes::literal("GET /a HTTP/1.1\r\nHost: users\r\n\r\n")));
  ASSERT_TRUE(written.ok());
  pass(10ms);
  auto second = ask(), third = ask();
  pass(10ms);
  stream->abort();
  stream.reset();
  EXPECT_EQ(run(std::move(second)).body, "content");
  EXPECT_EQ(run(std::move(third)).body, "content");
  EXPECT_LE(asked(), 2u);
}

TEST_F(JoinTest, a_large_answer_whose_leader_goes_away_is_read_to_its_end_for_the_others) {
  origin.body = std::string(900'000, 'x');
  auto stream = simulation.run(here.network.connect(users.vip)).value();
  auto written =
      simulation.run(stream->write(Bytes::literal("GET /a HTTP/1.1\r\nHost: users\r\n\r\n")));
  ASSERT_TRUE(written.ok());
  pass(10ms);
  auto second = ask();
  pass(10ms);
  ASSERT_TRUE(simulation.run(stream->read(100)).ok());
  stream->abort();
  stream.reset();
  EXPECT_EQ(run(std::move(second)).body.size(), 900'000u);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(JoinTest, who_waits_too_long_goes_by_himself) {
  users.policy.cache.join_timeout = 50ms;
  apply();
  auto all = at_once(std::vector<Fields>(3));
  EXPECT_EQ(asked(), 3u);
  for (auto& got : all) EXPECT_EQ(got.body, "content");
}

TEST_F(JoinTest, a_leader_that_fails_does_not_fail_the_others) {
  origin.start = "HTTP/1.1 500 Oops";
  says({});
  auto all = at_once(std::vector<Fields>(3));
  EXPECT_EQ(asked(), 3u);
  for (auto& got : all) EXPECT_EQ(got.status, 500);
}

TEST_F(JoinTest, what_says_nothing_is_shared_among_the_same_only) {
  says({});
  Fields ann = {{"Cookie", "user=ann"}}, bob = {{"Cookie", "user=bob"}};
  at_once({ann, ann, ann});
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(cache().entries(), 0u);
  at_once({ann, bob, ann});
  EXPECT_EQ(asked(), 3u);
}

TEST_F(JoinTest, is_possible_without_keeping_anything) {
  users.policy.cache.on = false;
  apply();
  says({});
  Fields ann = {{"Cookie", "user=ann"}}, bob = {{"Cookie", "user=bob"}};
  auto all = at_once({ann, bob, ann, bob, {}});
  EXPECT_EQ(asked(), 3u);
  for (auto& got : all) EXPECT_EQ(got.body, "content");
  says({"Cache-Control: max-age=60"});
  at_once({{}, {}});
  EXPECT_EQ(asked(), 4u);
  EXPECT_EQ(cache().entries(), 0u);
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(asked(), 5u);
}

TEST_F(JoinTest, a_revalidation_answers_all_who_wait_for_it) {
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  get();
  pass(11s);
  auto all = at_once(std::vector<Fields>(5));
  EXPECT_EQ(asked(), 2u);
  for (auto& got : all) EXPECT_EQ(got.body, "content");
}

TEST_F(JoinTest, parts_and_requests_for_what_is_new_are_not_joined) {
  says({"Cache-Control: max-age=60"});
  at_once({{{"Range", "bytes=0-1"}}, {{"Range", "bytes=2-3"}}});
  EXPECT_EQ(asked(), 2u);
}

}  // namespace
}  // namespace berth::proxy
