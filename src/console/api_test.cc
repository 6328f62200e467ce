#include "catalog/catalog.h"
#include "catalog/codec.h"
#include "console/assets.h"
#include "console/console_suite.h"

namespace berth::console {
namespace {

using placement::InstanceState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

struct ApiTest : ConsoleTest {
  void write_log(const std::string& name, const std::string& text) {
    std::ofstream(folder + "/logs/" + name, std::ios::app) << text;
  }
  std::string cookie() {
    return "berth_token_" + std::to_string(address.port()) + "=" + options.token;
  }
};

// Who may ask.

TEST_F(ApiTest, every_path_but_the_page_and_health_needs_the_token) {
  add_service("users");
  start();
  const std::pair<const char*, const char*> asked[] = {
      {"GET", "/v1/state"},
      {"GET", "/v1/live"},
      {"GET", "/v1/services/users"},
      {"GET", "/v1/services/users/logs"},
      {"GET", "/v1/services/users/logs?follow=1"},
      {"GET", "/v1/series?name=p50"},
      {"GET", "/v1/series/names"},
      {"GET", "/v1/resolve/users"},
      {"GET", "/v1/topics"},
      {"GET", "/v1/topics/order.created/dead"},
      {"GET", "/metrics"},
      {"GET", "/v1/nothing"},
      {"GET", "/nothing"},
      {"POST", "/"},
      {"POST", "/v1/plan"},
      {"POST", "/v1/deploy"},
      {"POST", "/v1/services/users/rollback"},
      {"POST", "/v1/services/users/scale"},
      {"POST", "/v1/services/users/restart"},
      {"POST", "/v1/services/users/rm"},
      {"POST", "/v1/instances/users/1/kill"},
      {"POST", "/v1/topics/order.created"},
      {"POST", "/v1/topics/order.created/dead/send_again"},
      {"POST", "/v1/topics/order.created/dead/x/send_again"}};
  for (auto& [method, target] : asked) {
    auto answer = ask(method, target, "", {});
    EXPECT_EQ(answer.status, 401) << method << " " << target;
    EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
    EXPECT_EQ(answer.headers["www-authenticate"], "Bearer");
  }
  EXPECT_TRUE(killed.empty());
  EXPECT_EQ(ask("GET", "/v1/health", "", {}).text, R"({"ok":true})");
  EXPECT_EQ(ask("GET", "/", "", {}).status, 200);
  EXPECT_EQ(ask("GET", std::string(assets().back().path), "", {}).status, 200);
}

TEST_F(ApiTest, a_foreign_host_or_origin_is_refused_whatever_it_brings) {
  start();
  auto refused = [&](Headers headers, std::string host = "") {
    headers.emplace_back("authorization", "Bearer " + options.token);
    return ask("GET", "/v1/state", "", headers, std::move(host)).status;
  };
  std::string port = ":" + std::to_string(address.port());
  EXPECT_EQ(refused({}, "evil.example" + port), 403);
  EXPECT_EQ(refused({}, "127.0.0.1:1"), 403);
  EXPECT_EQ(refused({}, "localhost" + port), 200);
  EXPECT_EQ(refused({{"origin", "http://evil.example"}}), 403);
  EXPECT_EQ(refused({{"origin", "http://127.0.0.1" + port}}), 200);
  EXPECT_EQ(ask("GET", "/", "", {}, "evil.example" + port).status, 403);
  EXPECT_EQ(ask("GET", "/v1/state", "", {{"origin", "http://localhost" + port}})
                .headers.count("access-control-allow-origin"),
            0u);
}

TEST_F(ApiTest, a_browser_enters_by_the_address_and_then_changes_things_only_from_the_page) {
  add_service("users");
  start();
  auto wrong = ask("GET", "/?token=wrong", "", {});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_THAT(wrong.headers["content-type"], StartsWith("text/html"));
  auto entered = ask("GET", "/?token=" + options.token, "", {});
  EXPECT_EQ(entered.status, 303);
  EXPECT_EQ(entered.headers["location"], "/");
  EXPECT_THAT(entered.headers["set-cookie"], StartsWith(cookie() + ";"));
  std::string origin = "http://127.0.0.1:" + std::to_string(address.port());
  EXPECT_EQ(ask("GET", "/v1/state", "", {{"cookie", cookie()}}).status, 200);
  std::string kill = "/v1/instances/users/1/kill";
  EXPECT_EQ(ask("POST", kill, "", {{"cookie", cookie()}}).status, 403);
  EXPECT_EQ(ask("POST", kill, "", {{"cookie", cookie()}, {"origin", "http://evil"}}).status, 403);
  EXPECT_TRUE(killed.empty());
  EXPECT_EQ(ask("POST", kill, "", {{"cookie", cookie()}, {"origin", origin}}).status, 202);
  EXPECT_THAT(killed, ElementsAre("users/1"));
}

// Errors.

TEST_F(ApiTest, what_is_not_there_is_a_problem_with_the_nearest_name) {
  add_service("orders");
  start();
  for (auto* target : {"/v1/services/order", "/v1/services/order/logs", "/v1/resolve/order",
                       "/v1/series?name=p50&service=order"}) {
    auto answer = get(target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
    EXPECT_EQ(answer.headers["cache-control"], "no-store");
    EXPECT_EQ(answer.text, R"({"type":"about:blank","title":"Not Found","status":404,)"
                           R"("detail":"there is no service 'order'; did you mean 'orders'?"})");
  }
  for (auto* verb : {"rollback", "restart", "rm"}) {
    EXPECT_EQ(post(std::string("/v1/services/order/") + verb).status, 404) << verb;
  }
  EXPECT_EQ(post("/v1/services/order/scale", R"({"instances":2})").status, 404);
  EXPECT_EQ(get("/v1/nothing").status, 404);
  auto method = get("/v1/services/orders/scale");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers["allow"], "POST");
}

TEST_F(ApiTest, what_cannot_be_read_is_400_and_what_is_too_long_413) {
  add_service("orders");
  start();
  EXPECT_EQ(post("/v1/services/orders/scale", "{").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", "[1]").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", R"({"instances":-1})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", R"({"instances":1.5})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", R"({"instances":"2"})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", R"({"instances":1001})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/rollback", R"({"to":"last"})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/rollback", R"({"to":0})").status, 400);
  EXPECT_EQ(post("/v1/services/orders/scale", std::string(20'000, ' ')).status, 413);
  EXPECT_EQ(post("/v1/services/orders/restart", std::string(20'000, ' ')).status, 413);
  EXPECT_EQ(post("/v1/plan", std::string((4 << 20) + 1, ' ')).status, 413);
  EXPECT_EQ(get("/v1/services/orders/logs?lines=many").status, 400);
  EXPECT_EQ(get("/v1/services/orders/logs?lines=5001").status, 400);
  EXPECT_EQ(get("/v1/series").status, 400);
  EXPECT_EQ(get("/v1/series?name=p50&step=0").status, 400);
  EXPECT_EQ(get("/v1/series?name=p50&from=x").status, 400);
  EXPECT_EQ(get("/v1/series?name=p50&from=2000&to=1000").status, 400);
  EXPECT_EQ(get("/v1/series?name=p50&by=instance").status, 400);
}

// Instances, addresses.

TEST_F(ApiTest, an_instance_is_killed_and_refusals_are_told) {
  add_service("users");
  start();
  auto answer = post("/v1/instances/users/1/kill");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.json()["text"].string_or(""), "users/1 was sent KILL");
  EXPECT_EQ(answer.json()["revision"].unsigned_integer(), mirror.state().revision);
  EXPECT_EQ(post("/v1/instances/users/9/kill").status, 404);
  EXPECT_EQ(post("/v1/instances/users/8/kill").status, 409);
}

TEST_F(ApiTest, a_service_is_resolved_to_its_address_and_instances) {
  add_service("users", 2);
  desired("worker").versions.front().spec.has_port = false;
  add_service("worker");
  start();
  EXPECT_EQ(get("/v1/resolve/users").status, 503);  // its address is not there yet
  catalog::Service policy;
  policy.name = "users";
  policy.vip = Address::ipv4(0x7f4d0003, 7480);
  ok(mirror.reached(good(store.commit(
      storage::Batch().put(catalog::service_key("users"), catalog::to_json(policy).text())))));
  for (auto* name : {"users", "users.berth"}) {
    EXPECT_EQ(get(std::string("/v1/resolve/") + name).text,
              R"({"name":"users.berth","address":"127.77.0.3","port":7480,"instances":[)"
              R"({"id":"users/1","address":"127.0.0.1:41001","state":"healthy"},)"
              R"({"id":"users/2","address":"127.0.0.1:41002","state":"healthy"}]})");
  }
  auto worker = get("/v1/resolve/worker");
  EXPECT_EQ(worker.status, 404);
  EXPECT_EQ(worker.detail(), "worker has no port, so no address either");
}

// Logs.

TEST_F(ApiTest, the_last_lines_are_answered_with_their_levels) {
  add_service("users", 2);
  write_log("users.1.log", "1000 GET / 200\n3000 ERROR no such user\n");
  write_log("users.2.log", "2000 [WARNING] slow\n4000 level=debug x\n");
  start();
  EXPECT_EQ(get("/v1/services/users/logs").text,
            R"({"lines":[{"time":1000,"instance":"users/1","level":"info","text":"GET / 200"},)"
            R"({"time":2000,"instance":"users/2","level":"warn","text":"[WARNING] slow"},)"
            R"({"time":3000,"instance":"users/1","level":"error","text":"ERROR no such user"},)"
            R"({"time":4000,"instance":"users/2","level":"debug","text":"level=debug x"}]})");
  EXPECT_EQ(get("/v1/services/users/logs?lines=1").json()["lines"].items().size(), 1u);
  auto one = get("/v1/services/users/logs?instance=users/2").json()["lines"];
  ASSERT_EQ(one.items().size(), 2u);
  EXPECT_EQ(one.items()[0]["instance"].string_or(""), "users/2");
  EXPECT_EQ(get("/v1/services/users/logs?instance=orders/1").status, 404);
}

TEST_F(ApiTest, a_followed_log_gives_its_last_lines_and_then_new_ones) {
  add_service("users");
  write_log("users.1.log", "1000 one\n2000 two\n3000 three\n");
  start();
  auto reader = events("/v1/services/users/logs?follow=1&lines=2");
  EXPECT_EQ(next(reader, "line")->json()["text"].string_or(""), "two");
  EXPECT_EQ(next(reader, "line")->json()["text"].string_or(""), "three");
  write_log("users.1.log", "4000 \xff broken\n");
  std::optional<EventReader::Event> line;
  auto reading = reader.response.read();
  ASSERT_TRUE(until([&] {
    pass(50ms);
    return !reading.pending();
  }));
  reader.text += reading.take().value().view();
  EXPECT_EQ(next(reader, "line")->json()["text"].string_or(""), "\xef\xbf\xbd broken");
}

TEST_F(ApiTest, followers_beyond_the_limit_are_refused_and_a_place_is_free_again) {
  options.log_followers_max = 2;
  add_service("users");
  start();
  auto first = events("/v1/services/users/logs?follow=1");
  {
    auto second = events("/v1/services/users/logs?follow=1");
    EXPECT_EQ(get("/v1/services/users/logs?follow=1").status, 503);
    EXPECT_THAT(get("/metrics").text, HasSubstr("berth_api_log_followers 2\n"));
  }
  EXPECT_TRUE(until([&] {
    write_log("users.1.log", "1000 so that a broken connection is found out\n");
    pass(250ms);
    return get("/v1/services/users/logs").status == 200 &&
           get("/metrics").text.find("berth_api_log_followers 1\n") != std::string::npos;
  }));
  EXPECT_EQ(events("/v1/services/users/logs?follow=1").response.status(), 200);
}

// Topics, metrics.

TEST_F(ApiTest, topics_are_published_to_and_shown) {
  add_service("mail");
  start();
  ok(bus.set_subscriptions({{"order.created", "mail", "/events/order-created"}}));
  auto published = post("/v1/topics/order.created", R"({"order":1})");
  EXPECT_EQ(published.status, 202);
  EXPECT_EQ(published.json()["subscriptions"].integer(), 1);
  EXPECT_EQ(published.json()["revision"].unsigned_integer(), mirror.state().revision);
  Json topics = get("/v1/topics").json()["topics"];
  ASSERT_EQ(topics.items().size(), 1u);
  EXPECT_EQ(topics.items()[0]["published"].integer(), 1);
  EXPECT_EQ(topics.items()[0].text(), state()["topics"].items()[0].text());
  EXPECT_EQ(post("/v1/topics/order.created", std::string((1 << 20) + 1, 'x')).status, 413);
}

TEST_F(ApiTest, metrics_are_prometheus_text) {
  add_service("users", 2);
  start();
  request("users");
  request("users", 503);
  next_second();
  auto answer = get("/metrics");
  EXPECT_THAT(answer.headers["content-type"], StartsWith("text/plain; version=0.0.4"));
  for (auto* line :
       {"# TYPE berth_requests_total counter\n",
        "berth_requests_total{service=\"users\",status=\"503\"} 1\n",
        "berth_instances_healthy{service=\"users\"} 2\n", "berth_access_records_dropped_total 3\n",
        "berth_syslog_faulty_messages_total{fault=\"not_utf8\"} 0\n",
        "berth_log_lines_lost_total{why=\"disk_refused\"} 0\n",
        "berth_build_info{version=\"0.1.0\"} 1\n", "berth_api_live_readers 0\n",
        "berth_series_refused_total 0\n"}) {
    EXPECT_THAT(answer.text, HasSubstr(line));
  }
  // Every line is a comment or "name{labels} value".
  std::size_t samples = 0;
  for (std::size_t begin = 0; begin < answer.text.size();) {
    std::size_t end = answer.text.find('\n', begin);
    std::string line = answer.text.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    EXPECT_THAT(line, testing::ContainsRegex("^berth_[a-z_]+([{][^}]*[}])? [0-9]+$"));
    ++samples;
  }
  EXPECT_GT(samples, 10u);
}

TEST_F(ApiTest, a_log_stream_that_is_not_read_leaves_out_lines_and_says_how_many) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += std::to_string(1000 + i) + " ";
    text.append(1000, 'x').append("\n");
  }
  write_log("users.1.log", text);
  auto tail = std::make_unique<runtime::LogTail>(world, folder, "users");
  ok(tail->begin_with_last(3000));
  auto followers = std::make_shared<std::size_t>(0);
  LogStream stream(clock, std::move(tail), followers);
  EXPECT_EQ(*followers, 1u);
  EXPECT_EQ(good(stream.read()).view(), "retry: 1000\n\n");
  for (int i = 0; i < 20; ++i) turn();
  std::string received;
  while (received.find("xxx\"}\n\n") == std::string::npos ||
         received.find("\"time\":3999") == std::string::npos) {
    received += good(stream.read()).view();
  }
  ASSERT_THAT(received, StartsWith("event: lost\ndata: {\"lines\":"));
  Json lost = Json::parse(received.substr(18, received.find('\n', 18) - 18)).value();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = received.find("event: line\n", at)) != received.npos; ++at) {
    ++lines;
  }
  EXPECT_EQ(lines + static_cast<std::size_t>(*lost["lines"].integer()), 3000u);
  EXPECT_LT(received.size(), LogStream::waiting_bytes_max + 1000);
}

TEST_F(ApiTest, a_silent_log_stream_beats_so_that_a_broken_connection_is_found_out) {
  auto followers = std::make_shared<std::size_t>(0);
  LogStream stream(clock, std::make_unique<runtime::LogTail>(world, folder, "users"), followers);
  good(stream.read());
  auto reading = stream.read();
  pass(14s);
  EXPECT_TRUE(reading.pending());
  pass(1s);
  EXPECT_EQ(good(std::move(reading)).view(), ":\n\n");
}

}  // namespace
}  // namespace berth::console
