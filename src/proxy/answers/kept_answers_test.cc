#include "proxy/answers/kept_answers.h"

#include <gmock/gmock.h>

#include "sim/simulation.h"

namespace berth::proxy {
namespace {

using Found = KeptAnswers::Found;

struct KeptAnswersTest : ::testing::Test {
  sim::Simulation simulation{5};
  sim::Host& host = simulation.add_host("here");
  std::unique_ptr<KeptAnswers> answers;

  void start() {
    answers = std::make_unique<KeptAnswers>(host.world(), Log());
    ASSERT_TRUE(simulation.run(answers->open("/state")).ok());
  }
  void SetUp() override {
    ASSERT_TRUE(simulation.run(host.disk.make_durable_folder("/state")).ok());
    start();
  }
  Found begin(std::uint64_t key, std::uint64_t fingerprint = 1) {
    return answers->begin(key, fingerprint, found);
  }
  KeptAnswer answer(std::uint64_t key, Duration lives = 1h, std::string body = "made") {
    return {key, 1, (host.clock.wall() + lives).nanoseconds, "HTTP/1.1 201 Created\r\n\r\n",
            std::move(body)};
  }
  void keep(std::uint64_t key, Duration lives = 1h) {
    ASSERT_EQ(begin(key), Found::fresh);
    ASSERT_TRUE(simulation.run(answers->keep(answer(key, lives))).ok());
  }

  const KeptAnswer* found = nullptr;
};

TEST_F(KeptAnswersTest, first_is_kept_and_given_again_another_body_is_not) {
  keep(7);
  ASSERT_EQ(begin(7), Found::kept);
  EXPECT_EQ(found->body, "made");
  EXPECT_EQ(begin(7, 2), Found::other);
  EXPECT_EQ(begin(8), Found::fresh);
}

TEST_F(KeptAnswersTest, repeats_wait_for_what_is_under_way) {
  ASSERT_EQ(begin(7), Found::fresh);
  EXPECT_EQ(begin(7), Found::under_way);
  EXPECT_EQ(begin(7, 2), Found::other);
  auto waits = answers->wait(7);
  auto keeps = answers->keep(answer(7));
  EXPECT_EQ(begin(7), Found::under_way) << "nothing is given that is not synced";
  ASSERT_TRUE(simulation.run(std::move(waits)).ok());
  EXPECT_EQ(begin(7), Found::kept);
  EXPECT_TRUE(simulation.run(std::move(keeps)).ok());
}

TEST_F(KeptAnswersTest, who_gives_up_lets_the_next_begin) {
  ASSERT_EQ(begin(7), Found::fresh);
  auto waits = answers->wait(7);
  answers->give_up(7);
  ASSERT_TRUE(simulation.run(std::move(waits)).ok());
  EXPECT_EQ(begin(7), Found::fresh);
}

TEST_F(KeptAnswersTest, what_was_kept_is_there_after_power_was_lost) {
  std::vector<Deferred<void>> all;
  for (std::uint64_t key = 1; key <= 50; ++key) {
    ASSERT_EQ(begin(key), Found::fresh);
    all.push_back(answers->keep(answer(key)));
  }
  for (auto& each : all) ASSERT_TRUE(simulation.run(std::move(each)).ok());
  answers = nullptr;
  host.crash();
  host.start();
  start();
  EXPECT_EQ(answers->size(), 50u);
  for (std::uint64_t key = 1; key <= 50; ++key) EXPECT_EQ(begin(key), Found::kept) << key;
}

TEST_F(KeptAnswersTest, a_torn_end_is_left_out) {
  keep(1);
  keep(2);
  answers = nullptr;
  std::string path = "/state/" + std::string(KeptAnswers::file_name);
  std::string text = simulation.run(host.disk.read_file(path)).value();
  text.resize(text.size() - 3);
  ASSERT_TRUE(simulation.run(host.disk.replace_file(path, text)).ok());
  start();
  EXPECT_EQ(begin(1), Found::kept);
  EXPECT_EQ(begin(2), Found::fresh);
}

TEST_F(KeptAnswersTest, what_expired_is_forgotten_and_leaves_the_disk) {
  keep(1, 1s);
  keep(2, 1h);
  simulation.run_for(2s);
  EXPECT_EQ(begin(1), Found::fresh);
  EXPECT_EQ(begin(2), Found::kept);
  start();
  EXPECT_EQ(answers->size(), 1u);
}

TEST_F(KeptAnswersTest, memory_and_log_are_bounded) {
  std::string body(1 << 20, 'x');
  for (std::uint64_t key = 1; key <= 100; ++key) {
    ASSERT_EQ(begin(key), Found::fresh);
    ASSERT_TRUE(simulation.run(answers->keep(answer(key, 1h, body))).ok());
  }
  EXPECT_LE(answers->size(), 64u);
  EXPECT_EQ(begin(1), Found::fresh) << "the oldest is forgotten";
  EXPECT_EQ(begin(100), Found::kept);
  std::string path = "/state/" + std::string(KeptAnswers::file_name);
  auto text = simulation.run(host.disk.read_file(path, std::size_t{1} << 30)).value();
  EXPECT_LE(text.size(), 3 * KeptAnswers::bytes_max);
}

TEST(KeptAnswer, records_are_read_as_written_and_damage_is_seen) {
  KeptAnswer answer{1, 2, 3, "HTTP/1.1 200 OK\r\n\r\n", std::string("a\0b", 3)};
  std::string log;
  append_record(log, answer);
  append_record(log, answer);
  std::string_view rest = log;
  EXPECT_EQ(take_record(rest), answer);
  EXPECT_EQ(take_record(rest), answer);
  EXPECT_TRUE(rest.empty());
  for (std::size_t i = 0; i < log.size() / 2; ++i) {
    std::string damaged = log.substr(0, log.size() / 2);
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    std::string_view view = damaged;
    EXPECT_EQ(take_record(view), std::nullopt) << i;
  }
}

}  // namespace
}  // namespace berth::proxy
