#include "app/state_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "os/network.h"
#include "os/random.h"
#include "os/temporary_folder_suite.h"

namespace berth::app {
namespace {

using testing::HasSubstr;

struct StateFolderTest : testing::Test {
  os::TemporaryFolder temporary;
  std::string folder = temporary.path + "/.berth";
  os::Random random;
};

TEST_F(StateFolderTest, token_and_ports_are_the_same_after_a_restart) {
  std::string token;
  {
    auto state = StateFolder::take(folder, random);
    ASSERT_TRUE(state.ok());
    token = state->token();
    EXPECT_EQ(token.size(), 64u);
    EXPECT_EQ(state->remembered_port("console", 7400), 7400);
    state->remember_port("console", 7777);
    ASSERT_TRUE(state->keep().ok());
  }
  auto again = StateFolder::take(folder, random);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->token(), token);
  EXPECT_EQ(again->remembered_port("console", 7400), 7777);
}

TEST_F(StateFolderTest, two_cannot_hold_one_folder) {
  auto first = StateFolder::take(folder, random);
  ASSERT_TRUE(first.ok());
  auto second = StateFolder::take(folder, random);
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().is(Code::in_use));
  EXPECT_THAT(second.error().text(), HasSubstr("runs here already"));
}

TEST_F(StateFolderTest, a_settings_file_that_was_damaged_is_begun_anew) {
  std::filesystem::create_directories(folder);
  std::FILE* file = std::fopen((folder + "/settings.json").c_str(), "w");
  std::fputs("{\"token\": 5, \"ports\": {\"dns\": 99999999", file);
  std::fclose(file);
  auto state = StateFolder::take(folder, random);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->token().size(), 64u);
  EXPECT_EQ(state->remembered_port("dns", 8600), 8600);
}

TEST(PortClaims, a_port_that_is_listened_on_or_claimed_by_another_is_passed_over) {
  PortClaims first;
  PortClaims second;
  auto a = first.claim(38'400, false, false);
  auto b = second.claim(38'400, false, false);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_LT(*a, *b);
  auto busy = os::bind_listener(Address::loopback(static_cast<std::uint16_t>(*b + 1)));
  auto c = second.claim(static_cast<std::uint16_t>(*b + 1), false, false);
  ASSERT_TRUE(c.ok());
  EXPECT_NE(*c, *b + 1);
  // The claim listens already: nobody can take the port before it is used.
  EXPECT_FALSE(os::bind_listener(Address::loopback(*a)).ok());
  EXPECT_TRUE(first.take_socket(Address::loopback(*a)).valid());
  EXPECT_FALSE(first.take_socket(Address::loopback(*a)).valid()) << "given away once";
}

TEST(PortClaims, two_systems_get_networks_of_their_own) {
  PortClaims first;
  PortClaims second;
  auto a = first.claim_network(200, 38'480, false);
  auto b = second.claim_network(200, 38'480, false);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE(*a, *b);
}

}  // namespace
}  // namespace berth::app
