#include "observe/riemann_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "riemann.pb.h"

namespace berth::observe {
namespace {

constexpr WallTime now{1'700'000'000'000'000'000};

RiemannMessage decoded(const riemann::Message& message) {
  auto result = decode_riemann(message.SerializeAsString(), now);
  EXPECT_TRUE(result.ok());
  return result.ok() ? std::move(*result) : RiemannMessage();
}

TEST(RiemannCodec, an_event_keeps_every_field) {
  riemann::Message message;
  auto& in = *message.add_events();
  in.set_host("vm");
  in.set_service("queue");
  in.set_state("warning");
  in.set_description("long");
  in.set_metric_sint64(41);
  in.set_time_micros(1'700'000'000'123'456);
  in.set_ttl(2.5F);
  in.add_tags("slow");
  auto& attribute = *in.add_attributes();
  attribute.set_key("shop");
  attribute.set_value("north");
  auto events = decoded(message).events;
  ASSERT_EQ(events.size(), 1u);
  const Event& event = events[0];
  EXPECT_EQ(event.host, "vm");
  EXPECT_EQ(event.service, "queue");
  EXPECT_EQ(event.state, "warning");
  EXPECT_EQ(event.description, "long");
  EXPECT_EQ(event.metric, 41);
  EXPECT_EQ(event.time.nanoseconds, 1'700'000'000'123'456'000);
  EXPECT_EQ(event.ttl, Duration(2500ms));
  EXPECT_EQ(event.tags, std::vector<std::string>{"slow"});
  ASSERT_EQ(event.attributes.size(), 1u);
  EXPECT_EQ(event.attributes[0].second, "north");
}

TEST(RiemannCodec, a_time_that_is_missing_or_beyond_nanoseconds_is_now) {
  riemann::Message message;
  message.add_events()->set_service("none");
  message.add_events()->set_time_micros(11'821'949'021'847'551);
  message.add_events()->set_time(-1);
  message.add_events()->set_time(1'600'000'000);
  auto events = decoded(message).events;
  ASSERT_EQ(events.size(), 4u);
  for (int i = 0; i < 3; i++) EXPECT_EQ(events[static_cast<std::size_t>(i)].time, now);
  EXPECT_EQ(events[3].time.nanoseconds, 1'600'000'000'000'000'000);
}

TEST(RiemannCodec, what_is_no_message_is_refused_and_the_answer_says_why) {
  auto result = decode_riemann("\xff\xff\xff", now);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(Code::invalid));
  std::string answer = encode_riemann_answer(result.error().text());
  ASSERT_GT(answer.size(), 4u);
  riemann::Message read;
  ASSERT_TRUE(read.ParseFromString(answer.substr(4)));
  EXPECT_FALSE(read.ok());
  EXPECT_THAT(read.error(), testing::HasSubstr("not a message"));
}

}  // namespace
}  // namespace berth::observe
