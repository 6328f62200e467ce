#include "bus/dead_letters.h"

#include "bus/bus_suite.h"

namespace berth::bus {
namespace {

struct DeadLettersTest : ::testing::Test {
  RealWorld real;
  TemporaryFolder folder;
  DeadLetterLimits limits;
  std::unique_ptr<DeadLetters> dead;

  void open() {
    dead = std::make_unique<DeadLetters>(real.world, Log(), folder.path + "/dead", limits);
    ASSERT_TRUE(real.run(dead->open()).ok());
  }
  Result<void> add(std::uint64_t sequence, const std::string& id, const std::string& service,
                   std::string body = "body", Duration age = 0s) {
    DeadLetter letter{.id = id,
                      .message = "m" + id,
                      .topic = "orders",
                      .service = service,
                      .path = "/p",
                      .published = {1},
                      .died = real.reactor.wall() - age,
                      .attempts = 3,
                      .why = "answered 500",
                      .content_type = "text/plain",
                      .bytes = body.size(),
                      .body = std::move(body)};
    return real.run(dead->add(letter, sequence));
  }
  std::vector<std::string> list(const std::string& service = "") {
    return dead->list("orders", service, 100);
  }
  std::uintmax_t bytes_on_disk() const {
    std::uintmax_t sum = 0;
    for (auto& entry : std::filesystem::directory_iterator(folder.path + "/dead")) {
      sum += entry.file_size();
    }
    return sum;
  }
};

TEST_F(DeadLettersTest, are_listed_newest_first_and_survive_a_restart) {
  open();
  ASSERT_TRUE(add(1, "a", "mail").ok());
  ASSERT_TRUE(add(2, "b", "stock").ok());
  ASSERT_TRUE(add(3, "c", "mail").ok());
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ(list(), (std::vector<std::string>{"c", "b", "a"}));
    EXPECT_EQ(list("mail"), (std::vector<std::string>{"c", "a"}));
    EXPECT_EQ(dead->count("orders", "mail"), 2u);
    EXPECT_EQ(dead->count("other", "mail"), 0u);
    EXPECT_EQ(dead->find("orders", "b"), 2u);
    DeadLetter letter = real.run(dead->read("orders", "b")).value();
    EXPECT_EQ(letter.message, "mb");
    EXPECT_EQ(letter.body, "body");
    EXPECT_EQ(letter.attempts, 3u);
    EXPECT_TRUE(real.run(dead->read("orders", "x")).error().is(Code::not_found));
    open();
  }
}

TEST_F(DeadLettersTest, what_was_sent_again_stays_gone_and_may_die_anew) {
  open();
  ASSERT_TRUE(add(1, "a", "mail").ok());
  dead->settle("orders", "a", 9, 100);  // of another record: nothing happens
  EXPECT_EQ(list().size(), 1u);
  dead->settle("orders", "a", 1, 100);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(dead->least_note(), 100u);
  real.until([&] { return dead->least_note() == ~0ULL; });
  open();
  EXPECT_TRUE(list().empty());
  ASSERT_TRUE(add(5, "a", "mail").ok());
  dead->settle("orders", "a", 1, 100);  // the note of the first death again
  open();
  EXPECT_EQ(dead->find("orders", "a"), 5u);
}

TEST_F(DeadLettersTest, old_ones_go) {
  open();
  ASSERT_TRUE(add(1, "old", "mail", "body", limits.kept + 1min).ok());
  ASSERT_TRUE(add(2, "new", "mail").ok());
  ASSERT_TRUE(real.run(dead->tend()).ok());
  EXPECT_EQ(list(), std::vector<std::string>{"new"});
  open();
  EXPECT_EQ(list(), std::vector<std::string>{"new"});
}

TEST_F(DeadLettersTest, a_full_store_refuses_and_has_room_again_once_letters_went) {
  limits.letters_max = 2;
  open();
  ASSERT_TRUE(add(1, "a", "mail").ok());
  ASSERT_TRUE(add(2, "b", "mail").ok());
  EXPECT_TRUE(add(3, "c", "mail").error().is(Code::overloaded));
  dead->settle("orders", "a", 1, 100);
  EXPECT_TRUE(add(3, "c", "mail").ok());
}

TEST_F(DeadLettersTest, files_with_few_letters_left_are_emptied_and_lose_none) {
  limits.bytes_max = 1 << 20;
  open();
  ASSERT_TRUE(add(1, "keeper", "mail", "kept").ok());
  for (std::uint64_t i = 2; i < 60; i++) {
    std::string id = "x" + std::to_string(i);
    ASSERT_TRUE(add(i, id, "mail", std::string(30'000, 'x')).ok());
    dead->settle("orders", id, i, 1000 + i);
    ASSERT_TRUE(real.run(dead->tend()).ok());
  }
  ASSERT_TRUE(real.until([&] { return dead->least_note() == ~0ULL; }));
  EXPECT_LT(bytes_on_disk(), 900'000u);
  EXPECT_EQ(list(), std::vector<std::string>{"keeper"});
  open();
  EXPECT_EQ(list(), std::vector<std::string>{"keeper"});
  EXPECT_EQ(real.run(dead->read("orders", "keeper")).value().body, "kept");
}

}  // namespace
}  // namespace berth::bus
