#include "console/console_suite.h"

namespace berth::console {
namespace {

using placement::InstanceState;
using testing::HasSubstr;

struct LiveTest : ConsoleTest {
  /// The points that a text of events has, by the order in which they stand.
  static std::vector<std::int64_t> points_in(const std::string& text) {
    std::vector<std::int64_t> times;
    for (std::size_t at = 0; (at = text.find("event: point\ndata: ", at)) != text.npos;) {
      at += 19;
      times.push_back(
          *Json::parse(text.substr(at, text.find('\n', at) - at)).value()["time"].integer());
    }
    return times;
  }
  static std::size_t count(const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; ++at) ++found;
    return found;
  }
};

TEST_F(LiveTest, it_opens_with_the_state_and_goes_on_each_second) {
  add_service("users");
  start();
  auto reader = events("/v1/live");
  EXPECT_EQ(reader.response.status(), 200);
  EXPECT_EQ(reader.response.headers().value("content-type"), "text/event-stream");
  auto first = next(reader, "state");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->json()["system"]["name"].string_or(""), "shop");
  request("users");
  next_second();
  auto second = next(reader, "state");
  ASSERT_TRUE(second);
  EXPECT_GT(*second->json()["time"].integer(), *first->json()["time"].integer());
  EXPECT_EQ(service_in(second->json(), "users")["requests"].integer(), 1);
}

TEST_F(LiveTest, the_stream_begins_with_how_soon_to_come_again) {
  start();
  auto reader = events("/v1/live");
  while (reader.text.find("\n\n") == std::string::npos) {
    reader.text += good(reader.response.read()).view();
  }
  EXPECT_TRUE(reader.text.starts_with("retry: 1000\n\n")) << reader.text;
}

TEST_F(LiveTest, a_change_is_pushed_within_a_tenth_of_a_second) {
  add_service("users");
  start();
  next_second();
  auto reader = events("/v1/live");
  next(reader, "state");
  pass(200ms);
  put(instance("users", 1, InstanceState::failed, "ended with status 1"));
  auto reading = reader.response.read();
  EXPECT_TRUE(until([&] { return !reading.pending(); }));  // no time passes
  reader.text += reading.take().value().view();
  auto state = next(reader, "state");
  ASSERT_TRUE(state);
  EXPECT_EQ(service_in(state->json(), "users")["health"].string_or(""), "failing");
}

TEST_F(LiveTest, many_changes_at_once_are_at_most_ten_states_a_second) {
  add_service("users", 2);
  start();
  next_second();
  auto reader = events("/v1/live");
  next(reader, "state");
  for (int i = 0; i < 300; ++i) {
    put(instance("users", 1, i % 2 ? InstanceState::failed : InstanceState::starting));
    clock.now_ = clock.now_ + 3ms;
  }
  std::size_t states = 0;
  pass(500ms);
  auto reading = reader.response.read();
  while (until([&] { return !reading.pending(); })) {
    reader.text += reading.take().value().view();
    while (auto event = reader.take()) states += event->name == "state" ? 1 : 0;
    reading = reader.response.read();
    for (int i = 0; i < 20; ++i) turn();
    if (reading.pending()) break;
  }
  EXPECT_GE(states, 3u);
  EXPECT_LE(states, 15u);
}

TEST_F(LiveTest, points_equal_what_the_series_answer) {
  desired("worker").versions.front().spec.has_port = false;
  add_service("worker");
  add_service("users");
  add_service("idle");
  start();
  next_second();
  auto reader = events("/v1/live");
  std::vector<Json> points;
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < second * 3; ++i) {
      request("users", i % 4 == 3 ? 500 : i % 4 == 2 ? 404 : 200, Duration((i + 1) * 1'000'000));
    }
    next_second();
    points.push_back(next(reader, "point")->json());
  }
  std::int64_t first = *points.front()["time"].integer();
  std::int64_t end = *points.back()["time"].integer() + 1000;
  EXPECT_EQ(end - first, 5000);
  std::string names = "rate,errors,p50,p90,p99,status_2xx,status_3xx,status_4xx,status_5xx";
  Json series = get("/v1/series?service=*&step=1&name=" + names + "&from=" + std::to_string(first) +
                    "&to=" + std::to_string(end))
                    .json();
  EXPECT_EQ(series["from"].integer(), first);
  ASSERT_EQ(series["series"].items().size(), 18u);  // nine of users and of idle, none of worker
  for (auto& line : series["series"].items()) {
    ASSERT_EQ(line["points"].items().size(), 5u);
    std::string service(line["labels"]["service"].string_or(""));
    std::string name(line["name"].string_or(""));
    for (std::size_t i = 0; i < 5; ++i) {
      auto& pushed = points[i]["services"][service];
      ASSERT_TRUE(pushed.find(name)) << service << " " << name;
      EXPECT_EQ(pushed[name].text(), line["points"].items()[i].text()) << service << " " << name;
    }
  }
  auto& last = points.back()["services"]["users"];
  EXPECT_EQ(last["rate"].number(), 12.0);
  EXPECT_EQ(last["errors"].number(), 0.25);
  EXPECT_EQ(last["status_2xx"].number(), 6.0);
  EXPECT_EQ(last["status_4xx"].number(), 3.0);
  EXPECT_EQ(last["status_5xx"].number(), 3.0);
  auto& none = points.back()["services"]["idle"];
  EXPECT_EQ(none["rate"].number(), 0.0);
  EXPECT_TRUE(none["errors"].is_null());
  EXPECT_TRUE(none["p50"].is_null());
}

TEST_F(LiveTest, with_a_service_its_detail_comes_after_each_state) {
  add_service("users");
  start();
  auto reader = events("/v1/live?service=users");
  EXPECT_EQ(next(reader, "state")->json()["system"]["name"].string_or(""), "shop");
  auto detail = reader.take();
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->name, "service");
  EXPECT_TRUE(detail->json()["rollouts"].is_array());
  next_second();
  EXPECT_TRUE(next(reader, "service"));
}

TEST_F(LiveTest, a_service_that_is_not_there_is_no_error_and_may_come) {
  start();
  auto reader = events("/v1/live?service=users");
  ASSERT_TRUE(next(reader, "state"));
  EXPECT_FALSE(reader.take());
  add_service("users");
  next_second();
  auto detail = next(reader, "service");
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->json()["name"].string_or(""), "users");
}

/// One stream that is read when the test wants.
struct SlowTest : LiveTest {
  std::unique_ptr<http::BodySource> open(std::string service = "") {
    Api& it = *api;
    http::RequestHead head;
    head.method = "GET";
    std::string target = "/v1/live?service=" + service;
    std::string host = address.text();
    std::string authorization = "Bearer " + options.token;
    head.target = target;
    head.headers.add("host", host);
    head.headers.add("authorization", authorization);
    http::ServerRequest request{std::move(head), {}, nullptr, {}};
    return good(it.answer(request)).body.source;
  }
};

TEST_F(SlowTest, a_slow_reader_skips_states_and_never_points) {
  add_service("users");
  start();
  next_second();
  auto slow = open();
  EXPECT_EQ(good(slow->read()).view(), "retry: 1000\n\n");
  EXPECT_EQ(count(good(slow->read()).text(), "event: state\n"), 1u);
  std::int64_t from = observer.counted_until() * 1000;
  traffic("users", 30, 3);
  std::string late = good(slow->read()).text();
  EXPECT_EQ(count(late, "event: state\n"), 1u);
  auto points = points_in(late);
  ASSERT_EQ(points.size(), 30u);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i], from + static_cast<std::int64_t>(i) * 1000);
  }
  // The state is the newest.
  auto data = late.substr(late.find("data: ") + 6);
  Json state = Json::parse(data.substr(0, data.find('\n'))).value();
  EXPECT_EQ(service_in(state, "users")["requests"].integer(), 90);
}

TEST_F(SlowTest, a_reader_that_never_reads_is_ended_and_its_memory_bounded) {
  add_service("users");
  start();
  next_second();
  auto stuck = open("users");
  for (std::size_t i = 0; i <= Live::points_waiting_max; ++i) pass(1s);
  good(stuck->read());  // the begin of the stream
  EXPECT_TRUE(good(stuck->read()).empty());
}

TEST_F(SlowTest, a_stream_that_has_nothing_to_say_beats) {
  start();
  auto quiet = open();
  good(quiet->read());
  good(quiet->read());
  auto reading = quiet->read();
  // All that is due by then happens at once, and the beat was due first.
  ASSERT_TRUE(reading.pending());
  clock.now_ = clock.now_ + 15s;
  EXPECT_EQ(good(std::move(reading)).view().substr(0, 1), ":");
}

TEST_F(SlowTest, a_connection_that_does_not_read_stops_nobody_else) {
  add_service("users");
  start();
  auto stream = good(network.connect(address));
  ok(stream->write(Bytes::copy("GET /v1/live HTTP/1.1\r\nhost: " + address.text() +
                               "\r\nauthorization: Bearer " + options.token + "\r\n\r\n")));
  auto reader = events("/v1/live");
  for (int i = 0; i < 200; ++i) next_second();
  std::size_t points = 0;
  std::int64_t last = 0;
  while (points < 190) {
    auto point = next(reader, "point");
    ASSERT_TRUE(point);
    std::int64_t time = *point->json()["time"].integer();
    if (last != 0) {
      EXPECT_EQ(time, last + 1000);
    }
    last = time;
    ++points;
  }
  EXPECT_EQ(get("/v1/state").status, 200);
}

TEST_F(LiveTest, readers_beyond_the_limit_are_refused_and_a_place_is_free_again) {
  options.live_readers_max = 2;
  start();
  auto first = events("/v1/live");
  {
    auto second = events("/v1/live");
    auto third = get("/v1/live");
    EXPECT_EQ(third.status, 503);
    EXPECT_THAT(third.detail(), HasSubstr("2 live streams"));
  }
  EXPECT_TRUE(until([&] {
    next_second();
    return get("/metrics").text.find("berth_api_live_readers 1\n") != std::string::npos;
  }));
  EXPECT_EQ(events("/v1/live").response.status(), 200);
}

TEST_F(LiveTest, closing_ends_the_streams_at_their_end) {
  start();
  auto reader = events("/v1/live");
  ASSERT_TRUE(next(reader, "state"));
  ok(api->close());
  EXPECT_FALSE(next(reader, "never"));
  EXPECT_TRUE(reader.ended);
  EXPECT_EQ(get("/v1/live").status, 503);
}

TEST_F(LiveTest, a_long_standstill_is_not_made_up_for) {
  add_service("users");
  start();
  next_second();
  auto reader = events("/v1/live");
  next(reader, "state");
  clock.now_ = clock.now_ + Duration(8h);
  next_second();
  std::size_t points = 0;
  auto first = next(reader, "point");
  ASSERT_TRUE(first);
  points = 1;
  while (auto event = reader.take()) points += event->name == "point" ? 1 : 0;
  EXPECT_LE(points, 60u);
  EXPECT_GE(*first->json()["time"].integer(), milliseconds(clock.wall()) - 65'000);
}

}  // namespace
}  // namespace berth::console
