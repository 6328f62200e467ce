#include "proxy/alone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/disk.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/gateway/enter.h"
#include "proxy/gateway/proxy_protocol.h"
#include "proxy/gateway/token_suite.h"
#include "sim/simulation.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"

namespace berth::proxy {
namespace {

using testing::HasSubstr;

/// A client, a proxy alone and its backends, each a host, in simulated time.
struct AloneTest : ::testing::Test {
  sim::Simulation simulation{11};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::map<std::string, std::string> files;
  std::map<std::uint16_t, int> healthy;  // status of /health by port
  std::vector<std::string> seen;
  std::vector<std::unique_ptr<http::Server>> servers;
  http::Client client{outside.clock, outside.network};
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(middle.world(), Log());

  void backend(std::uint16_t port) {
    healthy[port] = 200;
    servers.push_back(std::make_unique<http::Server>(
        inside.clock, [this, port](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
          if (request.head.path() == "/health") {
            co_return http::ServerResponse::text("", healthy[port]);
          }
          if (request.head.path() == "/keys") co_return http::ServerResponse::text(files["/keys"]);
          std::string fields;
          for (auto& header : request.head.headers) {
            fields += std::string(header.name) + ": " + std::string(header.value) + "\n";
          }
          seen.push_back(fields);
          std::string body = co_await request.body(1 << 20);
          co_return http::ServerResponse::text(std::to_string(port));
        }));
    servers.back()->serve(inside.network.listen(inside.address(port)).value());
  }
  Result<void> apply(const std::string& text) {
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [&](const std::string& path) {
      auto found = files.find(path);
      return found == files.end() ? Result<std::string>(Error(Code::not_found, "no " + path))
                                  : Result<std::string>(found->second);
    });
    if (!file.ok()) return std::move(file).error();
    return alone->apply(std::move(*file));
  }
  /// A listener on `port`, a service with instances on these ports, and one route to it.
  static std::string simple(std::uint16_t port, const std::vector<std::uint16_t>& instances,
                            const std::string& more = "") {
    std::string text = "[listener.web]\nlisten = \"tcp:10.0.0.2:" + std::to_string(port) +
                       "\"\n[service.a]\ninstances = [";
    for (auto each : instances) text += "\"10.0.0.3:" + std::to_string(each) + "\",";
    return text + "]\n" + more + "\n[route.all]\nservice = \"a\"\n";
  }
  std::pair<int, std::string> get(std::uint16_t port, std::string target = "/",
                                  std::vector<std::pair<std::string, std::string>> fields = {}) {
    http::Request request;
    request.target = std::move(target);
    request.headers = std::move(fields);
    auto answer = simulation.run(client.send(middle.address(port), std::move(request)));
    if (!answer.ok()) return {0, answer.error().text()};
    int status = answer->status();
    return {status, simulation.run(answer->text()).value()};
  }
};

TEST_F(AloneTest, a_change_keeps_connections_and_a_wrong_one_changes_nothing) {
  backend(9001);
  backend(9002);
  ASSERT_TRUE(apply(simple(80, {9001})).ok());
  EXPECT_EQ(get(80), std::make_pair(200, std::string("9001")));
  ASSERT_TRUE(apply(simple(80, {9002})).ok());
  EXPECT_EQ(get(80), std::make_pair(200, std::string("9002")));
  EXPECT_EQ(client.idle(), 1U);  // one connection of the client for both
  auto taken = middle.network.listen(middle.address(81)).value();
  auto refused = apply(simple(80, {9001}) + "[listener.more]\nlisten = \"tcp:10.0.0.2:81\"\n");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("10.0.0.2:81"));
  EXPECT_EQ(get(80).second, "9002");
  taken->close();
  taken.reset();
  ASSERT_TRUE(apply(simple(81, {9001})).ok());
  EXPECT_EQ(get(81).second, "9001");
}

TEST_F(AloneTest, a_certificate_that_is_none_changes_nothing) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001})).ok());
  files["/c.pem"] = files["/c.key"] = "nothing";
  std::string secure =
      "[listener.tls]\nlisten = \"tls:10.0.0.2:443\"\n"
      "certificates = [{ chain = \"/c.pem\", key = \"/c.key\" }]\n";
  auto refused = apply(simple(80, {9001}) + secure);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("/c."));
  EXPECT_EQ(get(80).first, 200);
}

TEST_F(AloneTest, instances_come_and_go_by_their_checks) {
  backend(9001);
  backend(9002);
  std::string check =
      "check = { http = \"/health\", interval = \"1s\", rise = 2, fall = 3, timeout = \"500ms\" }";
  ASSERT_TRUE(apply(simple(80, {9001, 9002}, check)).ok());
  auto answers = [&] {
    std::set<std::string> all;
    for (int i = 0; i < 20; ++i) all.insert(get(80).second);
    return all;
  };
  EXPECT_EQ(answers(), (std::set<std::string>{"9001", "9002"}));
  healthy[9002] = 503;
  simulation.run_for(1500ms);  // fewer failures than three
  EXPECT_EQ(answers(), (std::set<std::string>{"9001", "9002"}));
  simulation.run_for(4s);
  EXPECT_EQ(answers(), (std::set<std::string>{"9001"}));
  ASSERT_TRUE(apply(simple(80, {9002, 9001}, check)).ok());  // known to be out, it stays out
  EXPECT_EQ(answers(), (std::set<std::string>{"9001"}));
  healthy[9002] = 204;
  simulation.run_for(4s);
  EXPECT_EQ(answers(), (std::set<std::string>{"9001", "9002"}));
  healthy[9001] = healthy[9002] = 500;
  simulation.run_for(6s);
  auto none = get(80);
  EXPECT_EQ(none.first, 503);
  EXPECT_THAT(none.second, HasSubstr("GET /health answered 500"));
}

TEST_F(AloneTest, an_instance_that_accepts_no_connection_fails_its_tcp_check) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001, 9002}, "check = { tcp = true, interval = \"1s\" }")).ok());
  simulation.run_for(10s);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(80).second, "9001");
}

TEST_F(AloneTest, keys_are_fetched_and_a_new_one_is_asked_for_within_the_request) {
  backend(9001);
  auto one = gateway::TestKey::make("HS256", "one");
  auto two = gateway::TestKey::make("HS256", "two");
  files["/keys"] = gateway::jwks({one});
  std::string text = simple(80, {9001},
                            "[auth.login]\njwks_url = \"http://10.0.0.3:9001/keys\"\n"
                            "expiry_needed = false\nuser_header = \"X-User\"") +
                     "auth = \"login\"\n";
  ASSERT_TRUE(apply(text).ok());
  auto as = [&](const gateway::TestKey& key) {
    return get(80, "/", {{"authorization", "Bearer " + key.token(R"({"sub":"ann"})")}}).first;
  };
  EXPECT_EQ(as(one), 200);
  EXPECT_THAT(seen.back(), HasSubstr("X-User: ann\n"));
  EXPECT_EQ(as(two), 401);  // the keys are too young to be asked for again
  files["/keys"] = gateway::jwks({one, two});
  EXPECT_EQ(as(two), 401);
  simulation.run_for(gateway::FetchedKeys::renew_pause);
  EXPECT_EQ(as(two), 200);
  files["/keys"] = "broken";
  simulation.run_for(30min);
  EXPECT_EQ(as(one), 200);  // what was there stays
}

TEST_F(AloneTest, a_proxy_header_tells_the_client_and_nobody_else_may_send_one) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001}) + "[listener.front]\nlisten = \"tcp:10.0.0.2:81\"\n"
                                         "proxy_protocol = [\"10.0.0.1\"]\n"
                                         "[listener.closed]\nlisten = \"tcp:10.0.0.2:82\"\n"
                                         "proxy_protocol = [\"192.0.2.0/24\"]\n")
                  .ok());
  auto talk = [&](std::uint16_t port, const std::string& hello) {
    auto stream = simulation.run(outside.network.connect(middle.address(port))).value();
    auto written = simulation.run(stream->write(Bytes::copy(hello)));
    auto answer = simulation.run(stream->read(), 1min);
    return answer.ok() ? answer->text() : "none";
  };
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string header = gateway::write_proxy_header(Address::parse("192.0.2.9:1000").value(),
                                                   Address::parse("10.0.0.2:81").value());
  EXPECT_THAT(talk(81, header + request), testing::StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(seen.back(), HasSubstr("X-Forwarded-For: 192.0.2.9\n"));
  EXPECT_THAT(talk(81, request), testing::AnyOf("", "none"));
  EXPECT_THAT(talk(81, header.substr(0, 20)), testing::AnyOf("", "none"));  // its time is over
  EXPECT_THAT(talk(82, header + request), testing::AnyOf("", "none"));
  EXPECT_EQ(alone->proxy().entries_refused(), 3U);
  EXPECT_EQ(get(80).first, 200);
}

TEST_F(AloneTest, certificates_change_for_those_who_come_later) {
  backend(9001);
  tls::Authority authority;
  auto use = [&](const std::string& names) {
    auto issued = authority.issue_for(names);
    files["/c.pem"] = issued.chain.text;
    files["/c.key"] = issued.key.text;
    return apply(simple(80, {9001}) +
                 "hsts = { max_age = \"1h\" }\n[listener.tls]\nlisten = \"tls:10.0.0.2:443\"\n"
                 "certificates = [{ chain = \"/c.pem\", key = \"/c.key\" }]\n");
  };
  tls::ClientOptions options;
  options.authorities = authority.pem();
  auto context = tls::ClientContext::make(options).value();
  auto talk = [&](const std::string& name) -> std::string {
    auto plain = simulation.run(outside.network.connect(middle.address(443))).value();
    auto stream = simulation.run(tls::connect(context, outside.clock, std::move(plain), name));
    if (!stream.ok()) return "refused";
    std::string request = "GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n";
    auto written = simulation.run((*stream)->write(Bytes::copy(request)));
    return simulation.run((*stream)->read()).value().text();
  };
  ASSERT_TRUE(use("DNS:a.example").ok());
  EXPECT_THAT(talk("a.example"), HasSubstr("Strict-Transport-Security: max-age=3600\r\n"));
  EXPECT_THAT(seen.back(), HasSubstr("X-Forwarded-Proto: https\n"));
  EXPECT_EQ(talk("b.example"), "refused");
  ASSERT_TRUE(use("DNS:b.example").ok());
  EXPECT_THAT(talk("b.example"), testing::StartsWith("HTTP/1.1 200"));
}

TEST_F(AloneTest, lines_go_to_a_file_which_is_opened_anew_when_told) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001}) + "[[log]]\nto = \"file:/log\"\nform = \"json\"\n"
                                         "[[log]]\nto = \"file:/lines\"\n")
                  .ok());
  EXPECT_EQ(get(80, "/a").first, 200);
  simulation.run_for(1s);
  auto read = [&](const std::string& path) {
    return simulation.run(middle.disk.read_file(path)).value_or("none");
  };
  auto record = Json::parse(read("/log")).value();
  EXPECT_EQ(record["target"].string_or(""), "/a");
  EXPECT_EQ(record["status"].integer(), 200);
  EXPECT_EQ(record["server"].string_or(""), "a/1");
  EXPECT_THAT(read("/lines"), HasSubstr("\"GET /a HTTP/1.1\"\n"));
  ASSERT_TRUE(simulation.run(middle.disk.rename("/log", "/log.1")).ok());
  EXPECT_EQ(get(80, "/b").first, 200);
  simulation.run_for(1s);
  EXPECT_THAT(read("/log.1"), HasSubstr("\"/b\""));
  alone->logs().reopen();
  EXPECT_EQ(get(80, "/c").first, 200);
  simulation.run_for(1s);
  EXPECT_THAT(read("/log"), HasSubstr("\"/c\""));
  EXPECT_EQ(alone->logs().lines_lost(), 0U);
}

TEST_F(AloneTest, syslog_by_tcp_counts_its_octets_and_comes_back) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001}) + "[[log]]\nto = \"syslog+tcp:10.0.0.3:601\"\n").ok());
  EXPECT_EQ(get(80, "/lost").first, 200);  // nobody listens yet
  simulation.run_for(1s);
  EXPECT_EQ(alone->logs().lines_lost(), 1U);
  auto listener = inside.network.listen(inside.address(601)).value();
  EXPECT_EQ(get(80, "/a").first, 200);
  auto stream = simulation.run(listener->accept()).value();
  std::string text = simulation.run(stream->read()).value().text();
  std::size_t space = text.find(' ');
  EXPECT_EQ(std::to_string(text.size() - space - 1), text.substr(0, space));
  EXPECT_THAT(text.substr(space + 1), testing::StartsWith("<134>"));
  EXPECT_THAT(text, HasSubstr("\"GET /a HTTP/1.1\""));
}

}  // namespace
}  // namespace berth::proxy
