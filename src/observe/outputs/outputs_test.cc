#include "observe/outputs/outputs.h"

#include <gtest/gtest.h>

#include "observe/outputs/event_record.h"
#include "observe/outputs/names.h"
#include "observe/outputs/output_world_suite.h"

// One suite for all outputs: each sends to a peer of its protocol on the simulated network.

namespace berth::observe {
namespace {

class OutputSuite : public testing::TestWithParam<Kind> {};
class HttpOutputSuite : public OutputSuite {};  // of those that go by HTTP

TEST_P(OutputSuite, what_is_accepted_arrives_once_and_in_order) {
  OutputWorld world(GetParam());
  world.serve();
  world.open();
  world.accept(3);
  EXPECT_EQ(world.queue().waiting(), 3u);
  ASSERT_TRUE(world.drained());
  world.accept(700);
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.peer->received, world.sent);
  EXPECT_EQ(world.queue().counters().sent, 703u);
  EXPECT_EQ(world.queue().lag(), Duration(0));
  EXPECT_EQ(world.queue().counters().failed_attempts, 0u);
}

TEST_P(OutputSuite, a_connection_that_is_cut_at_any_byte_loses_nothing) {
  bool whole = false;
  std::size_t cut = 0;
  for (; !whole; cut += cut < 40 ? 1 : 3) {
    OutputWorld world(GetParam(), cut + 1);
    world.serve(cut);
    world.open("retry_first = \"10ms\"\n");
    world.accept(3);
    ASSERT_TRUE(world.drained()) << "cut after " << cut << " bytes: " << world.queue().trouble();
    ASSERT_EQ(world.arrived(), world.sent) << "cut after " << cut << " bytes";
    whole = world.queue().counters().failed_attempts == 0;
  }
  EXPECT_GT(cut, 60u);
}

TEST_P(OutputSuite, a_peer_that_is_away_is_waited_for) {
  OutputWorld world(GetParam());
  world.open("delay = \"0s\"\n");
  world.accept(5);
  world.simulation.run_for(10min);
  EXPECT_EQ(world.queue().waiting(), 5u);
  EXPECT_GE(world.queue().lag(), 10min);
  EXPECT_FALSE(world.queue().trouble().empty());
  // At most a minute between two attempts, half of it in the mean, and all of them counted.
  EXPECT_GT(world.queue().counters().attempts, 12u);
  EXPECT_LT(world.queue().counters().attempts, 60u);
  EXPECT_EQ(world.queue().counters().attempts, world.queue().counters().failed_attempts);
  world.serve();
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.arrived(), world.sent);
  EXPECT_TRUE(world.queue().trouble().empty());
}

TEST_P(OutputSuite, a_slow_network_loses_nothing) {
  OutputWorld world(GetParam());
  world.simulation.fabric.faults.latency_least = 500ms;
  world.simulation.fabric.faults.latency_most = 900ms;
  world.serve();
  world.open();
  for (int i = 0; i < 5; ++i) {
    world.accept(20);
    world.simulation.run_for(1s);
  }
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.arrived(), world.sent);
}

TEST_P(OutputSuite, a_network_that_breaks_connections_loses_nothing) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    OutputWorld world(GetParam(), seed);
    world.simulation.fabric.faults.reset_chance = 0.1;
    world.serve();
    world.open("retry_first = \"10ms\"\nbatch = 7\n");
    world.accept(40);
    ASSERT_TRUE(world.drained(10h)) << "seed " << seed << ": " << world.queue().trouble();
    EXPECT_EQ(world.arrived(), world.sent) << "seed " << seed;
  }
}

TEST_P(OutputSuite, what_was_committed_survives_kill_9_at_any_moment) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    OutputWorld world(GetParam(), seed);
    world.serve();
    for (int round = 0; round < 4; ++round) {
      world.open("delay = \"5ms\"\n");
      world.accept(10);
      ASSERT_TRUE(world.simulation.run(world.queue().commit()).ok());
      world.simulation.run_for(std::chrono::microseconds(world.simulation.random().below(40'000)));
      world.kill();
      world.simulation.run_for(1s);
    }
    world.open();
    ASSERT_TRUE(world.drained()) << "seed " << seed;
    EXPECT_EQ(world.arrived(), world.sent) << "seed " << seed;
    // Whoever looks at keys has each once.
    if (!world.peer->keys.empty()) EXPECT_EQ(world.peer->received, world.sent) << "seed " << seed;
  }
}

TEST_P(OutputSuite, what_was_synced_survives_a_power_loss) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    OutputWorld world(GetParam(), seed);
    world.open();
    world.accept(50);
    ASSERT_TRUE(world.simulation.run(world.queue().commit()).ok());
    world.simulation.run_for(3s);
    world.accept(10);  // may be lost
    world.simulation.run_for(5ms);
    world.here.crash();
    world.kill();
    world.here.start();
    world.serve();
    world.open();
    world.simulation.run_for(1s);
    ASSERT_TRUE(world.drained()) << "seed " << seed;
    auto arrived = world.arrived();
    ASSERT_GE(arrived.size(), 50u) << "seed " << seed;
    world.sent.resize(arrived.size());
    EXPECT_EQ(arrived, world.sent) << "seed " << seed;
  }
}

TEST_P(OutputSuite, a_full_queue_drops_the_least_important_and_counts) {
  OutputWorld world(GetParam());
  world.open("queue = \"64KiB\"\n");
  auto accept = [&](int count, std::vector<std::string> tags) {
    world.accept(count, tags);
    ASSERT_TRUE(world.simulation.run(world.queue().commit()).ok());
    EXPECT_LE(world.queue().waiting_bytes(), 80u << 10);
  };
  world.simulation.run_for(2min);
  accept(20, {"alert"});
  int usual = world.next;
  for (int i = 0; i < 30; ++i) accept(20, {});
  int low = world.next;
  for (int i = 0; i < 100; ++i) accept(20, {"low"});
  auto& counters = world.queue().counters();
  EXPECT_GT(counters.dropped, 0u);
  EXPECT_EQ(counters.accepted, counters.dropped + world.queue().waiting());
  world.serve();
  ASSERT_TRUE(world.drained());
  std::size_t alerts = 0, others = 0, least = 0;
  auto arrived = world.arrived();
  for (auto& each : arrived) {
    int number = parse_integer<int>(each.substr(each.find(' ') + 1)).value();
    ++(number < usual ? alerts : number < low ? others : least);
  }
  bool annotations = GetParam().name == std::string("librato");  // which do not stand here
  EXPECT_EQ(alerts, annotations ? 0u : 20u);
  EXPECT_EQ(others, 600u);
  EXPECT_LT(least, 2000u);
  EXPECT_EQ(counters.sent + counters.dropped, counters.accepted);
  if (least > 0) EXPECT_EQ(arrived.back(), world.sent.back());  // the newest of them stay
}

TEST_P(OutputSuite, a_disk_that_fails_and_is_full_costs_no_order_and_no_crash) {
  OutputWorld world(GetParam(), 3);
  world.serve();
  world.open();
  world.here.disk.faults.write_fails = 0.3;
  world.here.disk.faults.read_fails = 0.1;
  for (int i = 0; i < 20; ++i) {
    world.accept(5);
    world.simulation.run_for(500ms);
  }
  world.here.disk.faults = {};
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.arrived(), world.sent);
}

TEST_P(HttpOutputSuite, what_http_answers_is_understood) {
  OutputWorld world(GetParam());
  world.serve();
  world.peer->answers = {{503, "20"}, {429, "30"}, {500, ""}};
  world.open("delay = \"0s\"\n");
  MonotonicTime begun = world.simulation.now();
  world.accept(4);
  ASSERT_TRUE(world.drained());
  EXPECT_GE(world.simulation.now() - begun, 50s);
  EXPECT_LE(world.simulation.now() - begun, 55s);
  EXPECT_EQ(world.peer->received, world.sent);
  EXPECT_EQ(world.queue().counters().failed_attempts, 3u);

  // One bad event costs itself alone.
  world.peer->poison = "s7 ";
  world.accept(10);
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.queue().counters().refused, 1u);
  EXPECT_EQ(world.queue().counters().sent, 13u);
  auto arrived = world.arrived();
  EXPECT_EQ(std::ranges::count(arrived, "s7 7"), 0);
  EXPECT_EQ(arrived.size(), 13u);
}

TEST_P(HttpOutputSuite, a_batch_that_is_refused_for_long_is_given_up_and_counted) {
  OutputWorld world(GetParam());
  world.serve();
  world.peer->answers.resize(1000, {500, ""});
  world.open("give_up = \"10m\"\nretry_most = \"5s\"\n");
  world.accept(3);
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.queue().counters().given_up, 3u);
  world.peer->answers.clear();
  world.accept(2);
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.peer->received.size(), 2u);
}

TEST_P(HttpOutputSuite, what_is_important_overtakes_a_batch_that_fails) {
  OutputWorld world(GetParam());
  world.serve();
  world.peer->answers.resize(6, {500, ""});
  world.open("retry_first = \"1s\"\n");
  world.accept(3);
  world.simulation.run_for(1500ms);
  world.accept(1, {"alert"});
  ASSERT_TRUE(world.drained());
  bool annotation = GetParam().name == std::string("librato");
  ASSERT_EQ(world.arrived().size(), annotation ? 3u : 4u);
  if (annotation) {
    EXPECT_EQ(static_cast<LibratoPeer&>(*world.peer).taken_before_annotation, 0u);
  } else {
    EXPECT_EQ(world.arrived().front(), "s4 4");
  }
}

const Kind by_http[] = {kind<LibratoPeer>("librato"), kind<RemoteWritePeer>("prometheus"),
                        kind<WebhookPeer>("webhook"), kind<ChatPeer>("chat")};
const Kind others[] = {kind<GraphitePeer>("graphite"), kind<RiemannPeer>("riemann"),
                       kind<SyslogPeer>("syslog"), kind<MailPeer>("mail")};
std::string name_of(const testing::TestParamInfo<Kind>& each) { return each.param.name; }
INSTANTIATE_TEST_SUITE_P(Http, OutputSuite, testing::ValuesIn(by_http), name_of);
INSTANTIATE_TEST_SUITE_P(Others, OutputSuite, testing::ValuesIn(others), name_of);
INSTANTIATE_TEST_SUITE_P(Http, HttpOutputSuite, testing::ValuesIn(by_http), name_of);

TEST(Outputs, libratos_summaries_and_annotations) {
  Kind librato = kind<LibratoPeer>("librato");
  OutputWorld world(librato);
  world.serve();
  world.open("summarise = \"60s\"\nprefix = \"shop.\"\n");
  Event event = world.event(1);
  std::int64_t minute = event.time.nanoseconds / 1'000'000'000 / 60 * 60;
  event.time = {minute * 1'000'000'000};
  event.service = "api latency";
  for (double value : {1.0, 2.0, 4.0}) {
    event.metric = value;
    event.time = event.time + 10s;
    ASSERT_TRUE(world.queue().accept(event).ok());
  }
  Event deploy;
  deploy.service = "deploys";
  deploy.description = "users 1.4";
  deploy.time = event.time;
  deploy.tags = {"annotation"};
  ASSERT_TRUE(world.queue().accept(deploy).ok());
  Event nothing;
  nothing.service = "words alone";
  ASSERT_TRUE(world.queue().accept(nothing).ok());
  ASSERT_TRUE(world.drained());
  auto& peer = static_cast<LibratoPeer&>(*world.peer);
  ASSERT_EQ(peer.bodies.size(), 1u);
  EXPECT_EQ(peer.bodies[0],
            "{\"gauges\":[{\"name\":\"shop.api.latency\",\"source\":\"h\",\"measure_time\":" +
                std::to_string(minute) +
                ",\"count\":3,\"sum\":7,\"min\":1,\"max\":4,\"sum_squares\":21}]}");
  ASSERT_EQ(peer.annotations.size(), 1u);
  EXPECT_TRUE(
      peer.annotations[0].starts_with("/v1/annotations/shop.deploys {\"title\":\"deploys\""))
      << peer.annotations[0];
  EXPECT_EQ(world.queue().counters().unwanted, 1u);
}

TEST(Outputs, syslog_over_udp) {
  Kind graphite = kind<GraphitePeer>("graphite");
  OutputWorld world(graphite);
  auto socket = world.there.network.bind_datagram(world.there.address(514)).value();
  std::string text = "[[output]]\nname = \"out\"\ntype = \"syslog\"\nto = \"udp:10.0.0.2:514\"\n";
  TomlValue file = TomlValue::parse(text, "x").value();
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  world.outputs = std::make_unique<Outputs>(world.here.world(), Log(), "/state", trusted());
  ASSERT_TRUE(world.simulation.run(world.outputs->open(read_outputs(reader, "/"))).ok());
  Event event = world.event(7, {"a]b"});
  event.state = "critical";
  event.description = "zu heiß\nhere";
  event.time = {1'700'000'000'123'456'000};
  ASSERT_TRUE(world.queue().accept(event).ok());
  auto got = world.simulation.run(socket->receive());
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->bytes.view(),
            "<130>1 2023-11-14T22:13:20.123456Z h berth - s7 [event@32473 service=\"s7\" "
            "state=\"critical\" metric=\"7\" tag=\"a\\]b\"] \xef\xbb\xbf[critical] s7 on h is 7: "
            "zu heiß here");
  ASSERT_TRUE(world.drained());
  EXPECT_EQ(world.queue().counters().unconfirmed, 1u);
}

TEST(Outputs, names_elsewhere) {
  EXPECT_EQ(librato_name("api latency/p95 é"), "api.latency_p95.__");
  Event event;
  event.host = "www.example.com";
  event.service = "api p0.95 x/y";
  EXPECT_EQ(graphite_path("b", event), "b.com.example.www.api.p0.95.x_y");
  event.host.clear();
  EXPECT_EQ(graphite_path("", event), "api.p0.95.x_y");
  EXPECT_EQ(prometheus_name("5xx per second"), "_5xx_per_second");
  EXPECT_EQ(prometheus_label("a:b"), "a_b");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(1e15), "1000000000000000");
}

TEST(Outputs, records_come_back_as_they_were) {
  Event event;
  event.service = "s";
  event.host = "h";
  event.state = "ok";
  event.description = "d";
  event.metric = 0.1;
  event.time = {1'700'000'000'123'456'000};
  event.ttl = 30s;
  event.tags = {"a", "b"};
  event.attributes = {{"k", "v"}};
  std::string text;
  append_event_record(text, {5'000'000}, event);
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::string_view cut(text.data(), size);
    EXPECT_FALSE(take_event_record(cut));
  }
  std::string_view rest = text;
  auto record = take_event_record(rest);
  ASSERT_TRUE(record);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(record->accepted.nanoseconds, 5'000'000);
  EXPECT_TRUE(streams::same_event(record->event, event));
}

TEST(Outputs, a_wrong_table_is_told_with_its_place) {
  std::string text =
      "[[output]]\nname = \"a b\"\ntype = \"libratto\"\n"
      "[[output]]\nname = \"a\"\ntype = \"graphite\"\nto = \"udp:x:1\"\nqueue = \"1KB\"\n"
      "[[output]]\nname = \"a\"\ntype = \"mail\"\nto = \"tcp:m:25\"\nfrom = \"x\"\n"
      "recipients = []\nretry_first = \"0s\"\n";
  TomlValue file = TomlValue::parse(text, "observe.toml").value();
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  read_outputs(reader, "/");
  std::string all;
  for (auto& line : errors.lines()) all += line + "\n";
  for (auto* part :
       {"observe.toml:2:8: output[0].name must be letters", "output[0].type must be one of",
        "observe.toml:7:6: output[1].to is wrong", "output[1].queue must be 64KiB",
        "'x' is no address of mail", "output[2].recipients must name somebody",
        "output[2].retry_first must be", "'a' is the name of another output"}) {
    EXPECT_TRUE(all.contains(part)) << part << "\n" << all;
  }
}

TEST(Outputs, metrics_tell_what_became_of_events) {
  Kind webhook = kind<WebhookPeer>("webhook");
  OutputWorld world(webhook);
  world.serve();
  world.open();
  world.accept(3);
  ASSERT_TRUE(world.drained());
  Exposition page;
  world.outputs->expose(page);
  std::string text = page.take();
  EXPECT_TRUE(text.contains("berth_output_events_total{output=\"out\",outcome=\"sent\"} 3\n"))
      << text;
  EXPECT_TRUE(text.contains("berth_output_lag_seconds{output=\"out\"} 0\n")) << text;
}

}  // namespace
}  // namespace berth::observe
