#include "proxy/acme/renewal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "proxy/acme/conversation.h"
#include "proxy/acme/directory_suite.h"
#include "sim/simulation.h"

namespace berth::proxy::acme {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// One certificate, kept by a host in simulated time from a directory behind a stub.
struct RenewalTest : ::testing::Test {
  sim::Simulation simulation{5};
  sim::Host& host = simulation.add_host("gateway");
  Challenges challenges;
  Lock one_at_a_time;
  TestDirectory directory{host.clock, challenges};
  CertificateSpec spec{"shop",
                       "https://ca.test/directory",
                       {"shop.test", "www.shop.test"},
                       {"mailto:ops@shop.test"},
                       "/certificates",
                       {},
                       5,
                       ""};
  int shown = 0;
  std::unique_ptr<Renewal> renewal;
  World world = host.world();

  Deferred<void> write(std::string path, std::string content) {
    co_await host.disk.make_durable_folder("/certificates");
    auto replacing = host.disk.replace_file(std::move(path), std::move(content));
    co_await std::move(replacing);
  }
  std::string file(const std::string& name) {
    return simulation.run(host.disk.read_file("/certificates/" + name)).value_or("");
  }
  void begin() {
    renewal.reset();
    spec.stored = file("shop.pem");
    Renewal::Surroundings surroundings{world,
                                       Log(),
                                       directory.transport(),
                                       [this](std::string path, std::string content) {
                                         return write(std::move(path), std::move(content));
                                       },
                                       challenges,
                                       one_at_a_time};
    renewal = std::make_unique<Renewal>(std::move(surroundings), spec, [this] { ++shown; });
  }
  bool issued(std::uint64_t count = 1, Duration limit = 1h) {
    return simulation.run_until([&] { return renewal->state().issued >= count; }, limit);
  }
  void wait_for_failures(std::uint32_t count) {
    ASSERT_TRUE(simulation.run_until([&] { return renewal->state().failures >= count; }, 48h));
  }
};

TEST_F(RenewalTest, orders_what_is_missing_and_keeps_it_with_its_key) {
  begin();
  EXPECT_FALSE(renewal->certificate());
  ASSERT_TRUE(issued());
  EXPECT_THAT(directory.faults, IsEmpty());
  EXPECT_EQ(shown, 1);
  EXPECT_EQ(directory.contacts, spec.contacts);
  auto validity = validity_of(*renewal->certificate(), spec.names);
  ASSERT_TRUE(validity.ok()) << validity.error().text();
  EXPECT_EQ(validity->until - validity->from, directory.life);
  auto kept = pair_of(file("shop.pem"), "");
  EXPECT_TRUE(validity_of(kept, spec.names).ok());
  EXPECT_EQ(challenges.find("token-1"), nullptr);  // taken away
}

TEST_F(RenewalTest, a_restart_shows_what_was_kept_and_orders_nothing) {
  begin();
  ASSERT_TRUE(issued());
  simulation.run_for(1min);
  begin();
  ASSERT_TRUE(renewal->certificate());
  simulation.run_for(24h);
  EXPECT_EQ(directory.orders.size(), 1U);
  EXPECT_EQ(directory.accounts.size(), 1U);
}

TEST_F(RenewalTest, renews_at_two_thirds_of_its_life_with_the_same_account) {
  begin();
  ASSERT_TRUE(issued());
  simulation.run_for(directory.life * 2 / 3 - 1h);
  EXPECT_EQ(renewal->state().issued, 1U);
  ASSERT_TRUE(issued(2, directory.life / 20 + 3h));
  EXPECT_EQ(directory.orders.size(), 2U);
  EXPECT_EQ(directory.accounts.size(), 1U);
  EXPECT_EQ(shown, 2);
}

TEST_F(RenewalTest, a_validation_that_takes_its_time_is_waited_for) {
  directory.validates_later = true;
  begin();
  ASSERT_TRUE(issued());
  EXPECT_THAT(directory.faults, IsEmpty());
}

TEST_F(RenewalTest, a_nonce_that_is_refused_is_replaced_but_not_for_ever) {
  directory.bad_nonces = 3;
  begin();
  ASSERT_TRUE(issued());
  directory.bad_nonces = 100;
  renewal->renew_now();
  wait_for_failures(1);
  EXPECT_EQ(directory.bad_nonces, 100 - Conversation::attempts_max);
  EXPECT_THAT(renewal->state().error, HasSubstr("it is too old (badNonce)"));
}

TEST_F(RenewalTest, a_name_that_is_not_validated_is_told_in_the_directorys_words) {
  directory.cannot_be_reached = {"www.shop.test"};
  begin();
  wait_for_failures(1);
  EXPECT_THAT(renewal->state().error,
              HasSubstr("www.shop.test was not validated: Fetching http://www.shop.test/: "
                        "Connection refused (connection)"));
  EXPECT_FALSE(renewal->certificate());
  directory.cannot_be_reached.clear();
  ASSERT_TRUE(issued());
  EXPECT_EQ(renewal->state().failures, 0U);
  EXPECT_EQ(renewal->state().error, "");
}

TEST_F(RenewalTest, waits_longer_after_each_failure_also_through_restarts) {
  directory.cannot_be_reached = {"shop.test"};
  begin();
  wait_for_failures(6);
  std::vector<Duration> waits;
  for (std::size_t i = 1; i < directory.orders.size(); ++i) {
    waits.push_back(directory.orders[i] - directory.orders[i - 1]);
  }
  ASSERT_EQ(waits.size(), 5U);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    Duration middle = Renewal::retry_first * (1 << i);
    EXPECT_GE(waits[i], middle * 3 / 4) << i;
  }
  simulation.run_for(1s);  // its ledger is on disk
  begin();
  simulation.run_for(20min);  // less than 0.75 of 32 minutes
  EXPECT_EQ(directory.orders.size(), 6U);
  simulation.run_for(7 * 24h);
  Duration last = directory.orders.back() - directory.orders[directory.orders.size() - 2];
  EXPECT_LE(last, Renewal::retry_most * 5 / 4 + 1min);
}

TEST_F(RenewalTest, never_orders_more_often_than_it_may) {
  spec.orders_per_hour_max = 3;
  begin();
  for (int i = 0; i < 50; ++i) {
    renewal->renew_now();
    simulation.run_for(1min);
  }
  EXPECT_EQ(directory.orders.size(), 3U);
  begin();  // a start counts what was before it
  renewal->renew_now();
  simulation.run_for(5min);
  EXPECT_EQ(directory.orders.size(), 3U);
  simulation.run_for(10min);
  EXPECT_EQ(directory.orders.size(), 4U);
}

TEST_F(RenewalTest, waits_as_long_as_the_directory_says) {
  bool limited = true;
  directory.spoil = [&](const std::string& path) -> std::optional<http::ServerResponse> {
    if (path != "/order" || !limited) return std::nullopt;
    auto response = TestDirectory::problem(429, "rateLimited", "too many certificates: 50");
    response.headers.set("retry-after", "18000");
    return response;
  };
  begin();
  wait_for_failures(1);
  EXPECT_THAT(renewal->state().error, HasSubstr("too many certificates: 50 (rateLimited)"));
  auto asked = directory.paths.size();
  limited = false;
  simulation.run_for(5h - 1min);
  EXPECT_EQ(directory.paths.size(), asked);
  ASSERT_TRUE(issued(1, 10min));
}

TEST_F(RenewalTest, the_old_certificate_is_shown_while_renewing_fails) {
  begin();
  ASSERT_TRUE(issued());
  std::string before = renewal->certificate()->chain.text;
  directory.spoil = [](const std::string&) {
    return std::optional(http::ServerResponse::text("<html>down</html>", 503));
  };
  simulation.run_for(directory.life);
  EXPECT_GT(renewal->state().failures, 3U);
  EXPECT_THAT(renewal->state().error, HasSubstr("https://ca.test/directory answered 503"));
  EXPECT_EQ(renewal->certificate()->chain.text, before);
  directory.spoil = nullptr;
  ASSERT_TRUE(issued(2, 24h));
  EXPECT_NE(renewal->certificate()->chain.text, before);
}

TEST_F(RenewalTest, other_names_and_another_directory_make_a_new_order) {
  begin();
  ASSERT_TRUE(issued());
  simulation.run_for(1min);
  spec.names.emplace_back("new.shop.test");
  begin();
  EXPECT_TRUE(renewal->certificate());  // shown until the other is there
  ASSERT_TRUE(issued());
  simulation.run_for(1min);
  spec.directory = "https://ca.test/directory?other";
  directory.spoil = [](const std::string& path) -> std::optional<http::ServerResponse> {
    if (path != "/directory?other") return std::nullopt;
    return http::ServerResponse::json(
        R"({"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account",)"
        R"("newOrder":"https://ca.test/order"})");
  };
  begin();
  ASSERT_TRUE(issued());
  EXPECT_EQ(directory.orders.size(), 3U);
  EXPECT_EQ(directory.accounts.size(), 2U);  // each directory has its account
  EXPECT_THAT(directory.faults, IsEmpty());
}

TEST_F(RenewalTest, answers_that_make_no_sense_are_failures) {
  const std::pair<std::string, std::string> wrong[] = {
      {"/directory",
       R"({"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account",)"
       R"("newOrder":"http://ca.test/order"})"},
      {"/directory", "[]"},
      {"/order", "{\"status\":\"odd\",\"finalize\":\"\"}"},
      {"/authorizations/0",
       "{\"status\":\"pending\",\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.test/"
       "c\",\"token\":\"../../x\",\"status\":\"pending\"}]}"},
      {"/certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
  };
  const std::string words[] = {"not encrypted", "no JSON object", "'odd'", "no base64url",
                               "cannot be read"};
  std::size_t at = 0;
  directory.spoil = [&](const std::string& path) -> std::optional<http::ServerResponse> {
    if (path != wrong[at].first) return std::nullopt;
    return http::ServerResponse::json(wrong[at].second);
  };
  begin();
  for (std::uint32_t failures = 0; at < std::size(wrong); ++at) {
    if (at > 0) renewal->renew_now();
    ASSERT_TRUE(simulation.run_until([&] { return renewal->state().failures > failures; }, 2h))
        << at << renewal->state().error;
    EXPECT_THAT(renewal->state().error, HasSubstr(words[at])) << at;
    simulation.run_for(2h);  // some more of the same, and no order of the last hour
    failures = renewal->state().failures;
  }
  EXPECT_FALSE(renewal->certificate());
}

TEST_F(RenewalTest, a_directory_that_wants_bound_accounts_is_told) {
  directory.spoil = [](const std::string& path) -> std::optional<http::ServerResponse> {
    if (path != "/directory") return std::nullopt;
    return http::ServerResponse::json(
        R"({"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account",)"
        R"("newOrder":"https://ca.test/order","meta":{"externalAccountRequired":true}})");
  };
  begin();
  wait_for_failures(1);
  EXPECT_THAT(renewal->state().error, HasSubstr("externalAccountRequired"));
}

TEST_F(RenewalTest, a_stored_file_that_is_none_is_replaced) {
  simulation.run(write("/certificates/shop.pem", "nothing")).value();
  simulation.run(write("/certificates/shop.json", "{")).value();
  begin();
  EXPECT_FALSE(renewal->certificate());
  ASSERT_TRUE(issued());
  EXPECT_TRUE(validity_of(pair_of(file("shop.pem"), ""), spec.names).ok());
}

TEST_F(RenewalTest, nothing_is_ordered_where_nothing_can_be_kept) {
  host.disk.faults.write_fails = 1;
  begin();
  simulation.run_for(30min);
  EXPECT_THAT(directory.orders, IsEmpty());
  host.disk.faults.write_fails = 0;
  ASSERT_TRUE(issued(1, 2h));
}

TEST(AccountKey, has_the_thumbprint_of_rfc_7638_over_its_members_in_order) {
  auto key = AccountKey::make();
  auto jwk = Json::parse(key.jwk()).value();
  std::vector<std::string> members;
  for (auto& each : jwk.members()) members.push_back(each.key);
  EXPECT_EQ(members, (std::vector<std::string>{"crv", "kty", "x", "y"}));
  EXPECT_EQ(from_base64url(jwk["x"].string_or("")).size(), 32U);
  EXPECT_EQ(from_base64url(key.thumbprint()).size(), 32U);
  EXPECT_EQ(key.authorize("abc"), "abc." + key.thumbprint());
  auto same = AccountKey::from_pem(key.pem());
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->thumbprint(), key.thumbprint());
  EXPECT_FALSE(AccountKey::from_pem("nothing").ok());
}

/// A key whose JWK and thumbprint were computed by python3-cryptography and hashlib.
TEST(AccountKey, agrees_with_another_implementation) {
  auto key = AccountKey::from_pem(
      "-----BEGIN PRIVATE KEY-----\n"
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAASNFZ4\n"
      "kKvN7xI0VniQq83vEjRWeJCrze+hRANCAARw2gLPI4kzjzxuMoFUe3mX9kt4lVzQ\n"
      "zOcJBPAmWTNdra/D3qCQ67pJ35rhgkC5/1I0tV5NO/JFWQH09Ct0XrNE\n"
      "-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(key.ok()) << key.error().text();
  EXPECT_EQ(key->thumbprint(), "-iB9F6gVAyNolzp02UdFzJT5l22Ww73Iph_jA7LQGrc");
  EXPECT_EQ(
      key->jwk(),
      R"({"crv":"P-256","kty":"EC","x":"cNoCzyOJM488bjKBVHt5l_ZLeJVc0MznCQTwJlkzXa0","y":"r8PeoJDruknfmuGCQLn_UjS1Xk078kVZAfT0K3Res0Q"})");
}

TEST(Placeholder, is_a_certificate_for_these_names) {
  auto pem = placeholder({"a.test", "b.test"}, WallTime{1'704'067'200'000'000'000});
  EXPECT_TRUE(validity_of(pem, {"b.test", "a.test"}).ok());
  EXPECT_FALSE(validity_of(pem, {"c.test"}).ok());
}

}  // namespace
}  // namespace berth::proxy::acme
