#include "observe/streams/riemann_message.h"

#include "observe/streams/riemann_by_protobuf.h"
#include "observe/streams/streams_suite.h"

namespace berth::observe::streams {
namespace {

constexpr WallTime now{1'700'000'000'000'000'000};

Texts read(const riemann::Message& written) {
  RiemannMessage message;
  EXPECT_EQ(same_as_protobuf(written.SerializeAsString(), message), "");
  auto result = message.read(written.SerializeAsString(), now);
  EXPECT_TRUE(result.ok());
  Texts out;
  for (auto& event : message.events()) out.push_back(text(event));
  return out;
}

TEST(RiemannMessageTest, an_event_keeps_every_field) {
  riemann::Message message;
  auto& in = *message.add_events();
  in.set_host("vm");
  in.set_service("queue");
  in.set_state("warning");
  in.set_description("long");
  in.set_metric_sint64(-41);
  in.set_time_micros(1'700'000'000'500'000);
  in.set_time(3);
  in.set_ttl(2.5F);
  in.add_tags("slow");
  auto& attribute = *in.add_attributes();
  attribute.set_key("shop");
  attribute.set_value("north");
  in.add_attributes()->set_key("metric");
  EXPECT_EQ(read(message), (Texts{"host=vm service=queue state=warning description=long metric=-41 "
                                  "time=1.7e+09 ttl=2.5 tags=slow shop=north"}));
}

TEST(RiemannMessageTest, of_the_metrics_the_exact_one_counts) {
  riemann::Message message;
  auto& all = *message.add_events();
  all.set_metric_f(1);
  all.set_metric_d(2);
  all.set_metric_sint64(3);
  auto& two = *message.add_events();
  two.set_metric_f(1);
  two.set_metric_d(2);
  message.add_events()->set_metric_f(1.5);
  EXPECT_EQ(metrics(read(message)), (Texts{"3", "2", "1.5"}));
}

TEST(RiemannMessageTest, a_time_that_is_missing_or_beyond_nanoseconds_is_now) {
  riemann::Message written;
  written.add_events()->set_service("none");
  written.add_events()->set_time_micros(11'821'949'021'847'551);
  written.add_events()->set_time(-1);
  written.add_events()->set_time(1'600'000'000);
  RiemannMessage message;
  ASSERT_TRUE(message.read(written.SerializeAsString(), now).ok());
  ASSERT_EQ(message.events().size(), 4u);
  for (std::size_t i = 0; i < 3; i++) EXPECT_EQ(message.events()[i].time, now);
  EXPECT_EQ(message.events()[3].time.nanoseconds, 1'600'000'000'000'000'000);
}

TEST(RiemannMessageTest, room_that_is_used_again_holds_nothing_of_before) {
  riemann::Message full, bare;
  auto& in = *full.add_events();
  in.set_host("a host with a long name indeed");
  in.set_metric_d(1);
  in.add_tags("x");
  in.add_attributes()->set_key("k");
  full.add_events();
  full.mutable_query()->set_string("true");
  bare.add_events()->set_service("s");
  RiemannMessage message;
  ASSERT_TRUE(message.read(full.SerializeAsString(), now).ok());
  EXPECT_TRUE(message.has_query());
  ASSERT_TRUE(message.read(bare.SerializeAsString(), {1'000'000'000}).ok());
  EXPECT_FALSE(message.has_query());
  ASSERT_EQ(message.events().size(), 1u);
  EXPECT_EQ(text(message.events()[0]), "service=s time=1");
}

TEST(RiemannMessageTest, every_cut_and_every_damaged_byte_is_read_as_protobuf_does) {
  riemann::Message written;
  written.set_ok(true);
  written.mutable_query()->set_string("service = \"x\"");
  for (int i = 0; i < 3; ++i) {
    auto& in = *written.add_events();
    in.set_host("vm" + std::to_string(i));
    in.set_metric_sint64(i * 1'000'000'007);
    in.set_metric_f(0.5);
    in.set_ttl(60);
    in.set_time(1'700'000'000);
    in.add_tags("a");
    auto& attribute = *in.add_attributes();
    attribute.set_key("shop");
    attribute.set_value("north");
  }
  std::string bytes = written.SerializeAsString();
  RiemannMessage message;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(same_as_protobuf(bytes.substr(0, cut), message), "") << cut;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      ASSERT_EQ(same_as_protobuf(damaged, message), "") << at << " is " << value;
    }
  }
}

TEST(RiemannMessageTest, what_is_no_message_is_refused) {
  RiemannMessage message;
  auto refused = message.read("\xff\xff\xff", now);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::invalid));
  riemann::Message many;
  for (std::size_t i = 0; i <= riemann_events_max; ++i) many.add_events();
  auto too_many = message.read(many.SerializeAsString(), now);
  ASSERT_FALSE(too_many.ok());
  EXPECT_THAT(too_many.error().text(), testing::HasSubstr("more than 100000 events"));
}

riemann::Message answer(const std::string& framed) {
  riemann::Message out;
  EXPECT_GE(framed.size(), 4u);
  auto* head = reinterpret_cast<const unsigned char*>(framed.data());
  std::size_t size =
      std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | head[2] << 8 | head[3];
  EXPECT_EQ(size, framed.size() - 4);
  EXPECT_TRUE(out.ParseFromString(framed.substr(4)));
  return out;
}

TEST(RiemannMessageTest, answers_are_read_by_protobuf) {
  std::string out;
  append_riemann_ok(out);
  EXPECT_TRUE(answer(out).ok());
  out.clear();
  append_riemann_error(out, "parse error: column 1");
  EXPECT_FALSE(answer(out).ok());
  EXPECT_EQ(answer(out).error(), "parse error: column 1");
  out.clear();
  Event first = e("host=a service=b state=ok description=d metric=3 time=12.5 ttl=60 tags=x,y k=v");
  Event second = e("metric=0.1");
  const Event* both[] = {&first, &second};
  append_riemann_events(out, both);
  auto events = answer(out);
  EXPECT_TRUE(events.ok());
  EXPECT_EQ(events.events(0).metric_sint64(), 3);
  EXPECT_EQ(events.events(0).metric_f(), 3);
  EXPECT_EQ(events.events(0).time(), 12);
  EXPECT_EQ(events.events(0).time_micros(), 12'500'000);
  EXPECT_EQ(events.events(1).metric_d(), 0.1);
  EXPECT_FALSE(events.events(1).has_time());
  EXPECT_EQ(read(events)[0], text(first));
}

}  // namespace
}  // namespace berth::observe::streams
