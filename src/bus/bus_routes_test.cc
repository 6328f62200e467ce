#include "bus/bus_routes.h"

#include "base/json.h"
#include "bus/bus_fixture_suite.h"
#include "http/client.h"

namespace berth::bus {
namespace {

struct BusRoutesTest : BusFixture {
  Subscriber mail{real};
  http::Client client{real.reactor, real.network};
  http::Router router;
  std::unique_ptr<http::Server> server;
  Address address;

  BusRoutesTest() {
    addresses["mail"] = mail.address;
    open();
    add_bus_routes(router, *bus, [] { return 812; });
    server = std::make_unique<http::Server>(
        real.reactor, [this](http::ServerRequest& request) { return router.route(request); });
    auto listener = real.network.listen(Address::loopback(0)).value();
    address = listener->address();
    server->serve(std::move(listener));
  }
  std::pair<int, Json> ask(std::string method, std::string target, std::string body = "") {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers.emplace_back("content-type", "application/json");
    request.body = http::Body(std::move(body));
    auto answer = real.run(client.send(address, std::move(request)));
    EXPECT_TRUE(answer.ok()) << answer.error().text();
    std::string text = real.run(answer->text()).value();
    return {answer->status(), Json::parse(text).value()};
  }
};

TEST_F(BusRoutesTest, publishing_answers_the_id_when_it_is_durable) {
  subscribe({{"order.created", "mail", "/events"}});
  auto [status, answer] = ask("POST", "/v1/topics/order.created", "{\"order\":1}");
  EXPECT_EQ(status, 202);
  EXPECT_EQ(answer["subscriptions"].integer(), 1);
  EXPECT_EQ(answer["revision"].integer(), 812);
  ASSERT_TRUE(real.until([&] { return mail.arrived.size() == 1; }));
  EXPECT_EQ(mail.arrived[0].message, answer["id"].string_or(""));
  EXPECT_EQ(mail.arrived[0].content_type, "application/json");
  EXPECT_EQ(ask("POST", "/v1/topics/a%20b", "x").first, 400);
  auto [too_long, problem] = ask("POST", "/v1/topics/t", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(too_long, 413);
  EXPECT_EQ(problem["detail"].string_or(""), "a message has at most 1 MiB");
}

TEST_F(BusRoutesTest, topics_are_listed_with_their_subscriptions) {
  subscribe({{"order.created", "mail", "/events"}});
  ask("POST", "/v1/topics/order.created", "x");
  ASSERT_TRUE(real.until([&] { return state("order.created", "mail").delivered == 1; }));
  auto [status, answer] = ask("GET", "/v1/topics");
  EXPECT_EQ(status, 200);
  const Json& topic = answer["topics"].items().at(0);
  EXPECT_EQ(topic["name"].string_or(""), "order.created");
  EXPECT_EQ(topic["published"].integer(), 1);
  EXPECT_TRUE(topic["per_second"].number());
  const Json& subscription = topic["subscriptions"].items().at(0);
  EXPECT_EQ(subscription["service"].string_or(""), "mail");
  EXPECT_EQ(subscription["path"].string_or(""), "/events");
  EXPECT_EQ(subscription["backlog"].integer(), 0);
  EXPECT_EQ(subscription["delivered"].integer(), 1);
  EXPECT_EQ(subscription["retried"].integer(), 0);
  EXPECT_EQ(subscription["dead"].integer(), 0);
}

TEST_F(BusRoutesTest, dead_letters_are_listed_and_sent_again_one_or_all) {
  subscribe({{"order.created", "mail", "/events"}});
  mail.answer = [](const Arrived&) { return Subscriber::status(410); };
  std::string body(5000, 'b');
  std::string message = ask("POST", "/v1/topics/order.created", body).second["id"].text();
  for (int i = 0; i < 3; i++) ask("POST", "/v1/topics/order.created", "x");
  ASSERT_TRUE(real.until([&] { return state("order.created", "mail").dead == 4; }));
  auto [status, answer] = ask("GET", "/v1/topics/order.created/dead?service=mail");
  EXPECT_EQ(status, 200);
  ASSERT_EQ(answer["dead"].items().size(), 4u);
  const Json* large = nullptr;
  for (auto& letter : answer["dead"].items()) {
    if (letter["bytes"].integer() == 5000) large = &letter;
  }
  ASSERT_TRUE(large);
  EXPECT_EQ((*large)["message"].text(), message);
  EXPECT_EQ((*large)["service"].string_or(""), "mail");
  EXPECT_EQ((*large)["path"].string_or(""), "/events");
  EXPECT_EQ((*large)["attempts"].integer(), 1);
  EXPECT_EQ((*large)["why"].string_or(""), "answered 410");
  EXPECT_EQ((*large)["body"].string_or("").size(), 4096u);
  EXPECT_GT((*large)["died"].integer(), 1'700'000'000'000);
  EXPECT_GE((*large)["died"].integer(), (*large)["published"].integer());

  mail.answer = [](const Arrived&) { return Subscriber::status(200); };
  std::string dead = "/v1/topics/order.created/dead/";
  std::string id((*large)["id"].string_or(""));
  auto [sent, one] = ask("POST", dead + id + "/send_again");
  EXPECT_EQ(sent, 202);
  EXPECT_EQ(one["revision"].integer(), 812);
  ASSERT_TRUE(real.until([&] { return state("order.created", "mail").delivered == 1; }));
  EXPECT_EQ(mail.arrived.back().body, body);
  EXPECT_EQ(ask("POST", dead + id + "/send_again").first, 404);
  EXPECT_EQ(ask("POST", dead + "send_again", "{\"service\":\"stock\"}").second["sent"].integer(),
            0);
  EXPECT_EQ(ask("POST", dead + "send_again", "{\"service\":7}").first, 400);
  EXPECT_EQ(ask("POST", dead + "send_again", "{}").second["sent"].integer(), 3);
  EXPECT_EQ(ask("GET", "/v1/topics/nothing/dead").first, 404);
}

}  // namespace
}  // namespace berth::bus
