#include "proxy/cache_suite.h"

// RFC 5861 rule by rule, and parts of what is kept.

namespace berth::proxy {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Rfc5861 : CacheTest {
  /// Nobody answers any more.
  void end() {
    origin.listener->close();
    origin.serves.reset();
  }
};

TEST_F(Rfc5861, s3_a_stale_answer_is_given_while_it_is_asked_for) {
  says({"Cache-Control: max-age=10, stale-while-revalidate=30", "ETag: \"1\""});
  get();
  pass(15s);
  origin.takes = 1s;
  says({"Cache-Control: max-age=10, stale-while-revalidate=30", "ETag: \"2\""});
  origin.body = "new";
  for (int i = 0; i < 5; ++i) {
    auto got = get();
    EXPECT_EQ(got.body, "content");
    EXPECT_EQ(got["cache-status"], "berth; hit; ttl=-5");
  }
  pass(2s);
  EXPECT_EQ(get().body, "new");
  EXPECT_EQ(asked(), 2u) << "one request for all";
  EXPECT_EQ(sink.records.size(), 7u) << "and no record of it";
  EXPECT_EQ(cache().counts.refreshes, 1u);
}

TEST_F(Rfc5861, s3_a_304_in_the_background_makes_it_fresh) {
  says({"Cache-Control: s-maxage=10, stale-while-revalidate=30", "ETag: \"1\""});
  get();
  pass(15s);
  EXPECT_EQ(get()["cache-status"], "berth; hit; ttl=-5");
  pass(1s);
  EXPECT_EQ(origin.last().at("if-none-match"), "\"1\"");
  EXPECT_EQ(get()["cache-status"], "berth; hit; ttl=9");
}

TEST_F(Rfc5861, s3_beyond_its_time_it_waits) {
  says({"Cache-Control: max-age=10, stale-while-revalidate=30", "ETag: \"1\""});
  get();
  pass(41s);
  EXPECT_THAT(get()["cache-status"], HasSubstr("fwd=stale"));
}

TEST_F(Rfc5861, s3_a_failed_refresh_is_tried_again_by_the_next) {
  says({"Cache-Control: max-age=10, stale-while-revalidate=3000"});
  get();
  end();
  pass(15s);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get().status, 200);
    pass(20s);
  }
  EXPECT_EQ(cache().counts.refreshes, 3u);
}

TEST_F(Rfc5861, s3_the_policy_says_it_where_the_answer_does_not) {
  users.policy.cache.stale_while_revalidate = 30s;
  apply();
  says({"Cache-Control: max-age=10"});
  get();
  says({"Cache-Control: max-age=10, must-revalidate"});
  get({}, "/b");
  pass(15s);
  EXPECT_EQ(get()["cache-status"], "berth; hit; ttl=-5");
  EXPECT_THAT(get({}, "/b")["cache-status"], StartsWith("berth; fwd=stale"));
}

TEST_F(Rfc5861, s4_a_stale_answer_stands_in_for_an_error) {
  says({"Cache-Control: max-age=10, stale-if-error=100", "ETag: \"1\""});
  get();
  pass(15s);
  origin.start = "HTTP/1.1 503 Oops";
  origin.answers_conditions = false;
  auto got = get();
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "content");
  EXPECT_EQ(got["cache-status"], "berth; fwd=stale; detail=failed; ttl=-5");
  end();
  EXPECT_EQ(get().body, "content");
  EXPECT_EQ(sink.records.back().server, "<CACHE>");
  pass(100s);
  EXPECT_EQ(get().status, 503);
}

TEST_F(Rfc5861, s4_a_request_may_say_it_and_a_timeout_is_an_error) {
  get();
  pass(61s);
  users.policy.timeout = 100ms;
  apply();
  origin.takes = 10s;
  EXPECT_EQ(get().status, 504);
  EXPECT_EQ(get({{"Cache-Control", "stale-if-error=100"}}).status, 200);
}

TEST_F(Rfc5861, s4_not_what_must_be_revalidated) {
  says({"Cache-Control: max-age=10, stale-if-error=100, must-revalidate"});
  get();
  pass(15s);
  end();
  EXPECT_EQ(get({{"Cache-Control", "stale-if-error=100"}}).status, 503);
}

// Parts (RFC 9110 section 14) ---------------------------------------------------------------------

struct KeptParts : CacheTest {
  KeptParts() {
    says({"Cache-Control: max-age=60", "ETag: \"1\""});
    origin.body = "0123456789";
    get();
  }
};

TEST_F(KeptParts, one_range_is_cut_out_of_what_is_kept) {
  auto got = get({{"Range", "bytes=2-4"}});
  EXPECT_EQ(got.status, 206);
  EXPECT_EQ(got.body, "234");
  EXPECT_EQ(got["content-range"], "bytes 2-4/10");
  EXPECT_EQ(got["content-length"], "3");
  EXPECT_EQ(get({{"Range", "bytes=-3"}}).body, "789");
  EXPECT_EQ(get({{"Range", "bytes=7-"}}).body, "789");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(KeptParts, what_cannot_be_cut_is_told_or_given_whole) {
  auto beyond = get({{"Range", "bytes=10-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond["content-range"], "bytes */10");
  EXPECT_EQ(get({{"Range", "bytes=0-1,4-5"}}).body, "0123456789");
  EXPECT_EQ(get({{"Range", "lines=0-1"}}).status, 200);
}

TEST_F(KeptParts, if_range_wants_the_same_content) {
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "\"1\""}}).status, 206);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "W/\"1\""}}).status, 200);
  EXPECT_EQ(get({{"Range", "bytes=2-4"}, {"If-Range", "\"2\""}}).status, 200);
}

TEST_F(KeptParts, a_part_of_what_is_not_kept_is_the_instances) {
  get({{"Range", "bytes=2-4"}}, "/other");
  EXPECT_EQ(origin.last().at("range"), "bytes=2-4");
}

}  // namespace
}  // namespace berth::proxy
