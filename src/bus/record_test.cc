#include "bus/record.h"

#include <gtest/gtest.h>

#include "base/id.h"

namespace berth::bus {
namespace {

TEST(Record, message_is_read_back_with_its_body_as_it_is) {
  std::string body("any\0bytes\xff", 10);
  MessageRecord record{.id = "01JABC",
                       .published = {1'700'000'000'123'456'789},
                       .topic = "order.created",
                       .content_type = "application/json",
                       .service = {},
                       .body = {}};
  std::string payload = encode_head(record) + body;
  EXPECT_EQ(kind_of(payload), RecordKind::message);
  auto back = decode_message(payload).value();
  EXPECT_EQ(back.id, "01JABC");
  EXPECT_EQ(back.published, record.published);
  EXPECT_EQ(back.topic, "order.created");
  EXPECT_EQ(back.content_type, "application/json");
  EXPECT_TRUE(back.service.empty());
  EXPECT_EQ(back.body, body);
}

TEST(Record, message_that_is_sent_again_names_its_service_and_what_it_replaces) {
  MessageRecord record{.id = "01J",
                       .topic = "t",
                       .content_type = "",
                       .service = "mail",
                       .replaces = 300,
                       .body = {}};
  std::string payload = encode_head(record) + "b";
  EXPECT_EQ(kind_of(payload), RecordKind::again);
  auto back = decode_message(payload).value();
  EXPECT_EQ(back.service, "mail");
  EXPECT_EQ(back.replaces, 300u);
  EXPECT_EQ(back.body, "b");
}

TEST(Record, letter_and_note_are_read_back) {
  LetterRecord letter{.delivery = "d",
                      .message = "m",
                      .sequence = 9,
                      .topic = "t",
                      .service = "mail",
                      .path = "/p",
                      .published = {1},
                      .died = {2},
                      .attempts = 10,
                      .why = "answered 500",
                      .content_type = "text/plain",
                      .body = {}};
  std::string payload = encode_head(letter) + "body";
  auto back = decode_letter(payload).value();
  EXPECT_EQ(back.delivery, "d");
  EXPECT_EQ(back.sequence, 9u);
  EXPECT_EQ(back.died, WallTime{2});
  EXPECT_EQ(back.attempts, 10u);
  EXPECT_EQ(back.why, "answered 500");
  EXPECT_EQ(back.body, "body");
  std::string note = encode(GoneRecord{"t", "d", 9});
  auto gone = decode_gone(note).value();
  EXPECT_EQ(gone.topic, "t");
  EXPECT_EQ(gone.delivery, "d");
  EXPECT_EQ(gone.sequence, 9u);
}

TEST(Record, what_is_cut_or_of_another_kind_is_refused) {
  std::string payload = encode_head(LetterRecord{.delivery = "delivery", .why = "why"});
  EXPECT_TRUE(decode_letter(payload).ok());
  for (std::size_t size = 0; size < payload.size(); size++) {
    EXPECT_FALSE(decode_letter(payload.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_message(payload).ok());
  EXPECT_FALSE(decode_gone(payload).ok());
  EXPECT_FALSE(decode_message("").ok());
}

TEST(Record, delivery_id_is_stable_and_differs_by_service_and_message) {
  WallTime time{1'700'000'000'000'000'000};
  std::string id = delivery_id("01J", time, "mail");
  EXPECT_TRUE(is_id(id));
  EXPECT_EQ(id, delivery_id("01J", time, "mail"));
  EXPECT_NE(id, delivery_id("01J", time, "stock"));
  EXPECT_NE(id, delivery_id("01K", time, "mail"));
}

}  // namespace
}  // namespace berth::bus
