#include "proxy/cache_suite.h"

// RFC 9111 rule by rule: each test is named by its section.

namespace berth::proxy {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Rfc9111 : CacheTest {};

// 3. Storing --------------------------------------------------------------------------------------

TEST_F(Rfc9111, s3_a_fresh_answer_is_given_again_without_asking) {
  auto first = get(), second = get();
  EXPECT_EQ(first["cache-status"], "berth; fwd=uri-miss; stored");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, "content");
  EXPECT_EQ(second["cache-status"], "berth; hit; ttl=60");
  EXPECT_EQ(second["age"], "0");
  EXPECT_EQ(second["cache-control"], "max-age=60");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Rfc9111, s3_what_says_no_store_is_not_kept) {
  says({"Cache-Control: max-age=60, no-store"});
  EXPECT_FALSE(kept());
}

TEST_F(Rfc9111, s3_what_is_private_is_not_kept_by_a_shared_cache) {
  says({"Cache-Control: private=\"x-user\", max-age=60"});
  EXPECT_FALSE(kept());
}

TEST_F(Rfc9111, s3_what_says_nothing_of_its_freshness_is_not_kept) {
  says({"ETag: \"1\"", "Last-Modified: " + date(-1h)});
  EXPECT_FALSE(kept());
}

TEST_F(Rfc9111, s3_answers_to_other_methods_are_not_kept) {
  get({}, "/a", "POST");
  get({}, "/a", "OPTIONS");
  EXPECT_EQ(get()["cache-status"], "berth; fwd=uri-miss; stored");
  EXPECT_EQ(get({}, "/a", "OPTIONS")["cache-status"], "berth; fwd=method");
}

TEST_F(Rfc9111, s3_parts_are_not_kept) {
  origin.start = "HTTP/1.1 206 Partial Content";
  says({"Cache-Control: max-age=60", "Content-Range: bytes 0-6/100"});
  get({{"Range", "bytes=0-6"}});
  get({{"Range", "bytes=0-6"}});
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Rfc9111, s3_any_final_status_with_a_lifetime_is_kept) {
  for (const char* start : {"404 Not Found", "301 Moved", "410 Gone", "418 Teapot"}) {
    origin.start = std::string("HTTP/1.1 ") + start;
    EXPECT_TRUE(kept()) << start;
  }
}

TEST_F(Rfc9111, s3_1_fields_of_one_connection_are_not_kept) {
  says({"Cache-Control: max-age=60", "Connection: x-hop", "X-Hop: 1", "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic", "X-End: 2"});
  get();
  auto got = get();
  EXPECT_EQ(got["x-hop"] + got["keep-alive"] + got["proxy-authenticate"], "");
  EXPECT_EQ(got["x-end"], "2");
}

TEST_F(Rfc9111, s3_2_a_304_brings_new_fields_but_not_those_of_the_content) {
  says({"Cache-Control: max-age=10", "ETag: \"1\"", "X-A: old", "Content-Type: text/a"});
  get();
  pass(11s);
  says({"Cache-Control: max-age=100", "ETag: \"1\"", "X-A: new", "Content-Type: text/b",
        "Content-Encoding: gzip"});
  auto got = get();
  EXPECT_EQ(got["x-a"], "new");
  EXPECT_EQ(got["content-type"], "text/a");
  EXPECT_EQ(got["content-encoding"], "");
  EXPECT_EQ(got["content-length"], "7");
  pass(50s);
  EXPECT_THAT(get()["cache-status"], StartsWith("berth; hit"));
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Rfc9111, s3_3_what_is_cut_is_not_kept) {
  origin.raw = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\nhalf";
  origin.closes = true;
  EXPECT_EQ(get().status, 0);
  origin.raw = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nends with the connection";
  EXPECT_EQ(get().status, 200);
  EXPECT_FALSE(kept());
  EXPECT_EQ(cache().entries(), 0u);
}

TEST_F(Rfc9111, s3_3_chunks_are_kept_as_one_content) {
  origin.raw =
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n"
      "Trailer: x-t\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n";
  EXPECT_EQ(get().body, "abcdefg");
  auto got = get();
  EXPECT_EQ(got.body, "abcdefg");
  EXPECT_EQ(got["content-length"], "7");
  EXPECT_EQ(got["transfer-encoding"] + got["trailer"], "");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Rfc9111, s3_5_answers_to_authorized_requests_need_leave) {
  Fields ann = {{"Authorization", "Basic YW5u"}};
  EXPECT_FALSE(kept(ann));
  for (const char* leave : {"public", "s-maxage=50", "must-revalidate"}) {
    says({std::string("Cache-Control: max-age=60, ") + leave});
    EXPECT_TRUE(kept(ann)) << leave;
  }
}

// 4. Giving ---------------------------------------------------------------------------------------

TEST_F(Rfc9111, s4_another_uri_is_another_answer) {
  get();
  get({}, "/a?x=1");
  get({}, "/A");
  get({}, "/a", "GET", "other");
  EXPECT_EQ(asked(), 4u);
  get({}, "/a", "GET", "USERS");  // hosts have no case
  EXPECT_EQ(asked(), 4u);
}

TEST_F(Rfc9111, s4_a_date_is_added_where_there_is_none) {
  origin.dates = false;
  get();
  EXPECT_THAT(get()["date"], EndsWith(" GMT"));
}

TEST_F(Rfc9111, s4_1_vary_selects_by_the_fields_of_the_request) {
  says({"Cache-Control: max-age=60", "Vary: Accept-Language, X-Kind"});
  get({{"Accept-Language", "de"}});
  EXPECT_EQ(get({{"Accept-Language", "en"}})["cache-status"], "berth; fwd=vary-miss; stored");
  EXPECT_THAT(get({{"accept-language", " de "}})["cache-status"], StartsWith("berth; hit"));
  EXPECT_THAT(get({{"Accept-Language", "en"}})["cache-status"], StartsWith("berth; hit"));
  EXPECT_THAT(get({{"Accept-Language", "en"}, {"X-Kind", "a"}})["cache-status"],
              StartsWith("berth; fwd=vary-miss"));
  EXPECT_EQ(asked(), 3u);
  EXPECT_EQ(cache().entries(), 3u);
}

TEST_F(Rfc9111, s4_1_several_lines_of_a_field_are_one_value) {
  says({"Cache-Control: max-age=60", "Vary: X-Kind"});
  get({{"X-Kind", "a"}, {"X-Kind", "b"}});
  EXPECT_THAT(get({{"X-Kind", "a, b"}})["cache-status"], StartsWith("berth; hit"));
  EXPECT_THAT(get({{"X-Kind", "a"}})["cache-status"], StartsWith("berth; fwd"));
}

TEST_F(Rfc9111, s4_1_vary_by_anything_is_never_alike) {
  says({"Cache-Control: max-age=60", "Vary: X-Kind", "Vary: *"});
  EXPECT_FALSE(kept());
  says({"Cache-Control: max-age=60", "Vary: X-Forwarded-For"});
  EXPECT_FALSE(kept()) << "the proxy writes that field itself";
}

TEST_F(Rfc9111, s4_2_1_s_maxage_goes_before_max_age_before_expires) {
  says({"Expires: " + date(10s)});
  get({}, "/expires");
  says({"Expires: " + date(10s), "Cache-Control: max-age=100"});
  get({}, "/max-age");
  says({"Expires: " + date(10s), "Cache-Control: max-age=100, s-maxage=1000"});
  get({}, "/s-maxage");
  pass(5s);
  for (const char* each : {"/expires", "/max-age", "/s-maxage"}) get({}, each);
  EXPECT_EQ(asked(), 3u);
  pass(10s);
  for (const char* each : {"/expires", "/max-age", "/s-maxage"}) get({}, each);
  EXPECT_EQ(asked(), 4u);
  pass(100s);
  get({}, "/s-maxage");
  EXPECT_EQ(asked(), 4u);
  get({}, "/max-age");
  EXPECT_EQ(asked(), 5u);
}

TEST_F(Rfc9111, s4_2_1_expires_counts_from_date) {
  origin.dates = false;
  says({"Date: " + date(-1h), "Expires: " + date(-1h + 90min)});
  get();
  pass(20min);
  EXPECT_THAT(get()["cache-status"], StartsWith("berth; hit"));
  pass(11min);
  EXPECT_THAT(get()["cache-status"], StartsWith("berth; fwd"));
}

TEST_F(Rfc9111, s4_2_1_a_lifetime_that_cannot_be_read_is_none) {
  for (const char* wrong : {"Expires: 0", "Expires: tomorrow", "Cache-Control: max-age=1.5",
                            "Cache-Control: max-age=\"-1\"", "Cache-Control: max-age"}) {
    says({wrong});
    EXPECT_FALSE(kept()) << wrong;
  }
}

TEST_F(Rfc9111, s4_2_1_of_two_lifetimes_the_first_counts) {
  says({"Cache-Control: max-age=0", "Cache-Control: max-age=60"});
  EXPECT_FALSE(kept());
}

TEST_F(Rfc9111, s1_2_2_a_lifetime_that_is_too_large_is_very_long) {
  says({"Cache-Control: max-age=99999999999999999999"});
  get();
  pass(24h * 365);
  EXPECT_THAT(get()["cache-status"], StartsWith("berth; hit"));
}

TEST_F(Rfc9111, s4_2_2_freshness_is_guessed_where_the_policy_says_so) {
  users.policy.cache.heuristic_permille = 100;
  users.policy.cache.heuristic_max = 1h;
  apply();
  says({"Last-Modified: " + date(-100min)});
  get({}, "/young");
  says({"Last-Modified: " + date(-100h)});
  get({}, "/old");
  says({});
  EXPECT_FALSE(kept());
  says({"Last-Modified: " + date(-100h)});
  origin.start = "HTTP/1.1 403 Forbidden";
  EXPECT_FALSE(kept()) << "no status for guesses";
  std::size_t before = asked();
  pass(9min);
  get({}, "/young");
  get({}, "/old");
  EXPECT_EQ(asked(), before);
  pass(2min);
  get({}, "/young");
  EXPECT_EQ(asked(), before + 1);
  pass(50min);
  get({}, "/old");
  EXPECT_EQ(asked(), before + 2);
}

TEST_F(Rfc9111, s4_2_3_age_counts_what_other_caches_and_the_way_took) {
  says({"Cache-Control: max-age=60", "Age: 30"});
  origin.takes = 5s;
  get();
  pass(10s);
  auto got = get();
  EXPECT_EQ(got["age"], "45");
  EXPECT_EQ(got["cache-status"], "berth; hit; ttl=15");
  pass(15s);
  EXPECT_THAT(get()["cache-status"], StartsWith("berth; fwd"));
}

TEST_F(Rfc9111, s4_2_3_an_old_date_is_an_age) {
  origin.dates = false;
  says({"Cache-Control: max-age=60", "Date: " + date(-20s)});
  get();
  EXPECT_EQ(get()["age"], "20");
}

TEST_F(Rfc9111, s4_2_4_stale_answers_are_not_given_by_themselves) {
  get();
  pass(61s);
  origins[0]->listener->close();
  origins[0]->serves.reset();
  EXPECT_EQ(get().status, 503);
}

TEST_F(Rfc9111, s4_2_4_what_must_be_revalidated_is_never_given_stale) {
  for (const char* word : {"must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"}) {
    says({std::string("Cache-Control: max-age=60, ") + word, "ETag: \"1\""});
    std::string target = std::string("/") + word;
    get({}, target);
    pass(61s);
    std::size_t before = asked();
    get({{"Cache-Control", "max-stale=1000"}}, target);
    EXPECT_EQ(asked(), before + 1) << word;
  }
}

TEST_F(Rfc9111, s4_3_1_the_instance_is_asked_with_both_validators) {
  std::string modified = date(-1h);
  says({"Cache-Control: max-age=10", "ETag: \"v1\"", "Last-Modified: " + modified});
  get();
  pass(11s);
  auto got = get();
  EXPECT_EQ(origin.last().at("if-none-match"), "\"v1\"");
  EXPECT_EQ(origin.last().at("if-modified-since"), modified);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "content");
  EXPECT_EQ(got["cache-status"], "berth; fwd=stale; fwd-status=304; ttl=10");
  EXPECT_EQ(sink.records.back().server, "users/1");
  EXPECT_EQ(cache().counts.revalidated, 1u);
}

TEST_F(Rfc9111, s4_3_1_conditions_of_the_client_are_answered_after_ours) {
  says({"Cache-Control: max-age=10", "ETag: \"v1\""});
  get();
  pass(11s);
  auto got = get({{"If-None-Match", "\"v0\", \"v1\""}});
  EXPECT_EQ(origin.last().at("if-none-match"), "\"v1\"");
  EXPECT_EQ(got.status, 304);
  pass(11s);
  EXPECT_EQ(get({{"If-None-Match", "\"v0\""}}).status, 200);
}

TEST_F(Rfc9111, s4_3_2_conditions_are_answered_by_what_is_kept) {
  std::string modified = date(-1h);
  says({"Cache-Control: max-age=60", "ETag: \"v1\"", "Last-Modified: " + modified, "X-A: 1"});
  get();
  auto got = get({{"If-None-Match", "W/\"v1\""}});
  EXPECT_EQ(got.status, 304);
  EXPECT_EQ(got["etag"], "\"v1\"");
  EXPECT_EQ(got["x-a"] + got["content-length"] + got.body, "");
  EXPECT_EQ(get({{"If-None-Match", "\"v2\""}}).status, 200);
  EXPECT_EQ(get({{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(get({{"If-Modified-Since", modified}}).status, 304);
  EXPECT_EQ(get({{"If-Modified-Since", date(-2h)}}).status, 200);
  EXPECT_EQ(get({{"If-Modified-Since", date(-1min)}}).status, 304);
  EXPECT_EQ(get({{"If-None-Match", "\"v2\""}, {"If-Modified-Since", modified}}).status, 200)
      << "the ETag goes before the date (RFC 9110 section 13.2.2)";
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Rfc9111, s4_3_2_if_match_is_for_the_instance) {
  get();
  EXPECT_EQ(get({{"If-Match", "\"v1\""}})["cache-status"], "berth; fwd=bypass");
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Rfc9111, s4_3_3_another_answer_takes_its_place) {
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  get();
  pass(11s);
  says({"Cache-Control: max-age=10", "ETag: \"2\""});
  origin.body = "new";
  EXPECT_EQ(get().body, "new");
  EXPECT_EQ(get().body, "new");
  EXPECT_EQ(asked(), 2u);
  EXPECT_EQ(cache().entries(), 1u);
}

TEST_F(Rfc9111, s4_3_3_a_server_error_is_passed_on_and_what_is_kept_stays) {
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  get();
  pass(11s);
  origin.start = "HTTP/1.1 500 Oops";
  says({"Cache-Control: no-store"});
  origin.answers_conditions = false;
  EXPECT_EQ(get().status, 500);
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  origin.answers_conditions = true;
  EXPECT_EQ(get()["cache-status"], "berth; fwd=stale; fwd-status=304; ttl=10");
}

TEST_F(Rfc9111, s4_3_4_a_304_about_something_else_is_asked_again_plainly) {
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  get();
  pass(11s);
  origin.raw = "HTTP/1.1 304 Not Modified\r\nETag: \"2\"\r\n\r\n";
  auto asking = ask();
  while (asked() < 2) pass(100us);
  origin.raw.clear();
  origin.body = "new";
  auto got = run(std::move(asking));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "new");
  EXPECT_EQ(origin.last().contains("if-none-match"), false);
}

TEST_F(Rfc9111, s4_3_5_a_head_is_answered_by_what_is_kept_of_a_get) {
  get();
  auto got = get({}, "/a", "HEAD");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got["content-length"], "7");
  EXPECT_EQ(got.body, "");
  EXPECT_THAT(got["cache-status"], StartsWith("berth; hit"));
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Rfc9111, s4_3_5_an_answer_to_head_is_not_kept_and_ends_what_is_stale) {
  says({"Cache-Control: max-age=10"});
  get({}, "/b", "HEAD");
  EXPECT_EQ(get({}, "/b").body, "content");
  get();
  EXPECT_EQ(cache().entries(), 2u);
  pass(11s);
  get({}, "/a", "HEAD");
  EXPECT_EQ(cache().entries(), 1u);
}

TEST_F(Rfc9111, s4_4_unsafe_methods_end_what_is_kept) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "MOVE"}) {
    get();
    std::size_t before = asked();
    get({}, "/a", method);
    get();
    EXPECT_EQ(asked(), before + 2) << method;
  }
  for (const char* method : {"OPTIONS", "HEAD"}) {
    std::size_t entries = cache().entries();
    get({}, "/a", method);
    EXPECT_EQ(cache().entries(), entries) << method;
  }
}

TEST_F(Rfc9111, s4_4_all_variants_go_and_nothing_goes_by_an_error) {
  says({"Cache-Control: max-age=60", "Vary: X-Kind"});
  get({{"X-Kind", "a"}});
  get({{"X-Kind", "b"}});
  origin.start = "HTTP/1.1 409 Conflict";
  get({}, "/a", "POST");
  EXPECT_EQ(cache().entries(), 2u);
  origin.start = "HTTP/1.1 303 See Other";
  get({}, "/a", "POST");
  EXPECT_EQ(cache().entries(), 0u);
}

TEST_F(Rfc9111, s4_4_so_do_the_uris_of_location_and_content_location_on_the_same_host) {
  for (const char* each : {"/list", "/one", "/two", "/other"}) get({}, each);
  says({"Location: /one", "Content-Location: http://USERS/two#part"});
  get({}, "/list", "POST");
  says({"Location: http://elsewhere/other"});
  get({}, "/more", "POST");
  says({"Cache-Control: max-age=60"});
  std::size_t before = asked();
  get({}, "/other");
  EXPECT_EQ(asked(), before);
  for (const char* each : {"/list", "/one", "/two"}) get({}, each);
  EXPECT_EQ(asked(), before + 3);
}

TEST_F(Rfc9111, s4_4_an_answer_that_was_on_its_way_meanwhile_is_not_kept) {
  origin.takes = 100ms;
  auto reading = ask();
  pass(20ms);
  origin.takes = 0s;
  EXPECT_EQ(get({}, "/a", "PUT").status, 200);
  EXPECT_EQ(run(std::move(reading)).status, 200);
  EXPECT_EQ(cache().entries(), 0u);
}

// 5.2.1 Requests' directives ----------------------------------------------------------------------

TEST_F(Rfc9111, s5_2_1_1_max_age_wants_none_that_is_older) {
  get();
  pass(20s);
  EXPECT_EQ(get({{"Cache-Control", "max-age=30"}})["age"], "20");
  EXPECT_EQ(get({{"Cache-Control", "max-age=10"}})["cache-status"], "berth; fwd=request; stored");
}

TEST_F(Rfc9111, s5_2_1_2_max_stale_takes_what_is_stale) {
  says({"Cache-Control: max-age=10", "ETag: \"1\""});
  get();
  pass(15s);
  EXPECT_EQ(get({{"Cache-Control", "max-stale=10"}})["cache-status"], "berth; hit; ttl=-5");
  EXPECT_EQ(get({{"Cache-Control", "max-stale"}})["cache-status"], "berth; hit; ttl=-5");
  EXPECT_THAT(get({{"Cache-Control", "max-stale=2"}})["cache-status"], HasSubstr("fwd=stale"));
}

TEST_F(Rfc9111, s5_2_1_3_min_fresh_wants_what_stays_fresh) {
  get();
  pass(20s);
  EXPECT_THAT(get({{"Cache-Control", "min-fresh=30"}})["cache-status"], StartsWith("berth; hit"));
  EXPECT_THAT(get({{"Cache-Control", "min-fresh=50"}})["cache-status"], HasSubstr("fwd=request"));
}

TEST_F(Rfc9111, s5_2_1_4_no_cache_asks_the_instance) {
  says({"Cache-Control: max-age=60", "ETag: \"1\""});
  get();
  auto got = get({{"Cache-Control", "no-cache"}});
  EXPECT_EQ(origin.last().at("if-none-match"), "\"1\"");
  EXPECT_EQ(got.body, "content");
}

TEST_F(Rfc9111, s5_2_1_5_no_store_keeps_nothing_of_the_request) {
  get({{"Cache-Control", "no-store"}});
  EXPECT_EQ(cache().entries(), 0u);
  get();
  EXPECT_THAT(get({{"Cache-Control", "no-store"}})["cache-status"], StartsWith("berth; hit"));
}

TEST_F(Rfc9111, s5_2_1_7_only_if_cached_is_answered_from_here_or_with_504) {
  EXPECT_EQ(get({{"Cache-Control", "only-if-cached"}}).status, 504);
  get();
  EXPECT_EQ(get({{"Cache-Control", "only-if-cached"}}).status, 200);
  pass(61s);
  EXPECT_EQ(get({{"Cache-Control", "only-if-cached"}}).status, 504);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Rfc9111, s5_2_1_requests_need_not_be_obeyed) {
  users.policy.cache.obey_requests = false;
  apply();
  get();
  EXPECT_THAT(get({{"Cache-Control", "no-cache"}})["cache-status"], StartsWith("berth; hit"));
  EXPECT_THAT(get({{"Cache-Control", "max-age=0"}})["cache-status"], StartsWith("berth; hit"));
  get({{"Cache-Control", "no-store"}}, "/secret");
  EXPECT_EQ(cache().entries(), 1u) << "no-store always counts";
}

// 5.2.2 Answers' directives -----------------------------------------------------------------------

TEST_F(Rfc9111, s5_2_2_3_must_understand_goes_before_no_store) {
  says({"Cache-Control: max-age=60, must-understand, no-store"});
  EXPECT_TRUE(kept());
  origin.start = "HTTP/1.1 299 Own";
  EXPECT_FALSE(kept());
}

TEST_F(Rfc9111, s5_2_2_4_no_cache_is_kept_and_asked_about_each_time) {
  says({"Cache-Control: no-cache, max-age=60", "ETag: \"1\""});
  get();
  auto got = get();
  EXPECT_EQ(got["cache-status"], "berth; fwd=stale; fwd-status=304; ttl=60");
  EXPECT_EQ(got.body, "content");
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Rfc9111, s5_2_unknown_and_quoted_directives_do_no_harm) {
  says({"Cache-Control: x=\"no-store, private\", ,max-age=60, =5, y", "Cache-Control:"});
  EXPECT_TRUE(kept());
  says({"Cache-Control: MAX-AGE=60"});
  EXPECT_TRUE(kept());
}

TEST_F(Rfc9111, s7_3_what_sets_a_cookie_is_not_kept) {
  says({"Cache-Control: public, max-age=60", "Set-Cookie: a=b"});
  EXPECT_FALSE(kept()) << "stricter than the RFC";
}

}  // namespace
}  // namespace berth::proxy
