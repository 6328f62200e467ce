#include "proxy/alone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/disk.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/control_site.h"
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
  Duration slow{};
  std::vector<std::unique_ptr<http::Server>> servers;
  http::Client client{outside.clock, outside.network};
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(middle.world(), Log());

  void backend(std::uint16_t port) {
    healthy[port] = 200;
    servers.push_back(std::make_unique<http::Server>(
        inside.clock,
        [this, port](http::ServerRequest& request) { return answer(port, request); }));
    servers.back()->serve(inside.network.listen(inside.address(port)).value());
  }
  Deferred<http::ServerResponse> answer(std::uint16_t port, http::ServerRequest& request) {
    if (request.head.path() == "/health") co_return http::ServerResponse::text("", healthy[port]);
    if (request.head.path() == "/keys") co_return http::ServerResponse::text(files["/keys"]);
    std::string fields;
    for (auto& header : request.head.headers) {
      fields += std::string(header.name) + ": " + std::string(header.value) + "\n";
    }
    seen.push_back(fields);
    std::string body = co_await request.body(4 << 20);
    if (slow > Duration(0)) co_await inside.clock.after(slow);
    co_return http::ServerResponse::text(std::to_string(port));
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

TEST_F(AloneTest, what_many_checks_find_out_is_published_together) {
  std::vector<std::uint16_t> ports;
  for (std::uint16_t port = 9001; port <= 9040; ++port) {
    backend(port);
    ports.push_back(port);
  }
  std::string check = "check = { http = \"/health\", interval = \"1s\", jitter = 0.0 }";
  ASSERT_TRUE(apply(simple(80, ports, check)).ok());
  auto before = alone->revision();
  simulation.run_for(500ms);
  EXPECT_GT(alone->revision(), before);
  EXPECT_LT(alone->revision(), before + 10);  // not one for each of the forty
  std::set<std::string> answers;
  for (int i = 0; i < 80; ++i) answers.insert(get(80).second);
  EXPECT_GT(answers.size(), 20U);  // two choices among forty
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

TEST_F(AloneTest, a_body_that_is_too_long_is_told_to_a_client_that_still_sends_it) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001}) + "body_bytes_max = \"64KiB\"\n").ok());
  auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
  std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_TRUE(simulation.run(stream->write(Bytes::copy(head))).ok());
  std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(simulation.run(stream->write(Bytes::copy(chunk))).ok()) << i;
  }
  EXPECT_THAT(simulation.run(stream->read()).value().text(), testing::StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(simulation.run(stream->read()).value().empty());
}

TEST_F(AloneTest, one_client_may_have_so_many_connections) {
  backend(9001);
  std::string text = simple(80, {9001});
  text.replace(text.find("[service"), 0, "connections_per_client_max = 2\n");
  ASSERT_TRUE(apply(text).ok());
  std::vector<std::unique_ptr<ByteStream>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(simulation.run(outside.network.connect(middle.address(80))).value());
    simulation.run_for(100ms);
  }
  auto third = simulation.run(open[2]->read(), 1s);
  EXPECT_TRUE(!third.ok() && third.error().is(Code::reset));
  EXPECT_EQ(alone->proxy().connections(), 2U);
  open.clear();
  simulation.run_for(1s);
  EXPECT_EQ(get(80).first, 200);
  ASSERT_TRUE(apply("[proxy]\ntrusted_proxies = [\"10.0.0.1\"]\n" + text).ok());
  for (int i = 0; i < 3; ++i) {
    open.push_back(simulation.run(outside.network.connect(middle.address(80))).value());
  }
  simulation.run_for(100ms);
  EXPECT_GE(alone->proxy().connections(), 3U);
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

/// A client that speaks HTTP/2 by ALPN to the listener "tls" of `secure`.
struct AloneH2Test : AloneTest {
  tls::Authority authority;
  std::unique_ptr<http::Client> h2;

  void SetUp() override {
    auto issued = authority.issue_for("DNS:a.example");
    files["/c.pem"] = issued.chain.text;
    files["/c.key"] = issued.key.text;
    backend(9001);
    ASSERT_TRUE(apply(simple(80, {9001}) +
                      "body_bytes_max = \"1MiB\"\n[listener.tls]\nlisten = \"tls:10.0.0.2:443\"\n"
                      "certificates = [{ chain = \"/c.pem\", key = \"/c.key\" }]\n"
                      "[[log]]\nto = \"file:/log\"\n")
                    .ok());
    tls::ClientOptions options;
    options.authorities = authority.pem();
    http::ClientOptions client_options;
    client_options.secure =
        tls::secure_with(tls::ClientContext::make(options).value(), outside.clock);
    h2 = std::make_unique<http::Client>(outside.clock, outside.network, client_options);
  }
  Result<http::Response> send(const std::string& method, const std::string& target,
                              http::Body body = {}) {
    http::Request request;
    request.method = method;
    request.body = std::move(body);
    http::SendOptions options;
    options.connect_to = middle.address(443);
    options.version = http::Version::http_2;
    return simulation.run(h2->send(http::parse_url("https://a.example" + target).value(),
                                   std::move(request), options));
  }
};

TEST_F(AloneH2Test, requests_of_one_connection_go_to_instances_by_http_1) {
  for (int i = 0; i < 3; ++i) {
    auto answer = send("GET", "/a?b=" + std::to_string(i)).value();
    EXPECT_EQ(answer.major_version(), 2);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(simulation.run(answer.text()).value(), "9001");
  }
  EXPECT_THAT(seen.back(), HasSubstr("X-Forwarded-Proto: https\n"));
  EXPECT_THAT(seen.back(), HasSubstr("X-Forwarded-Host: a.example\n"));
  EXPECT_EQ(alone->proxy().fronts().back().accepted, 1U);
  simulation.run_for(1s);
  auto lines = simulation.run(middle.disk.read_file("/log")).value();
  EXPECT_EQ(std::ranges::count(lines, '\n'), 3);
  EXPECT_THAT(lines, HasSubstr("tls a/a/1 "));
  EXPECT_THAT(lines, HasSubstr(" ---- "));
}

TEST_F(AloneH2Test, bodies_and_heads_without_one_go_through) {
  std::string content(300'000, 'x');
  EXPECT_EQ(send("POST", "/", http::Body(content)).value().status(), 200);
  EXPECT_EQ(send("HEAD", "/").value().status(), 200);
  EXPECT_EQ(send("POST", "/", http::Body(std::string(2'000'000, 'x'))).value().status(), 413);
  EXPECT_EQ(send("GET", "/%00").value().status(), 400);
  EXPECT_EQ(send("GET", "/").value().status(), 200);
}

TEST_F(AloneH2Test, a_client_that_goes_leaves_nothing_behind) {
  ASSERT_EQ(send("GET", "/").value().status(), 200);
  h2.reset();
  ASSERT_TRUE(simulation.run_until([&] { return alone->proxy().connections() == 0; }, 1min));
  EXPECT_EQ(alone->proxy().requests_in_flight(), 0U);
  EXPECT_TRUE(alone->proxy().sessions().empty());
}

TEST_F(AloneTest, what_is_counted_stands_in_the_metrics) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001})).ok());
  ControlSite site(middle.world(), Log(), *alone);
  ASSERT_TRUE(site.set(middle.address(8404), {}).ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(80).first, 200);
  EXPECT_EQ(get(80, "/%00").first, 400);
  auto [status, text] = get(8404, "/metrics");
  EXPECT_EQ(status, 200);
  for (auto* line : {"haproxy_frontend_http_requests_total{proxy=\"web\"} 4\n",
                     "haproxy_frontend_http_responses_total{proxy=\"web\",code=\"2xx\"} 3\n",
                     "haproxy_frontend_http_responses_total{proxy=\"web\",code=\"4xx\"} 1\n",
                     "haproxy_frontend_request_errors_total{proxy=\"web\"} 1\n",
                     "haproxy_backend_http_requests_total{proxy=\"a\"} 3\n",
                     "haproxy_backend_active_servers{proxy=\"a\"} 1\n",
                     "haproxy_server_status{proxy=\"a\",server=\"a/1\",state=\"UP\"} 1\n",
                     "haproxy_server_http_requests_total{proxy=\"a\",server=\"a/1\"} 3\n",
                     "berth_proxy_request_seconds_count{proxy=\"a\"} 3\n",
                     "haproxy_process_requests_total 4\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_EQ(get(8404, "/v1/state").first, 404);  // only on the control socket
}

TEST_F(AloneTest, an_operator_drains_disables_enables_and_kills) {
  backend(9001);
  backend(9002);
  ASSERT_TRUE(apply(simple(80, {9001, 9002})).ok());
  ControlSite site(middle.world(), Log(), *alone);
  ASSERT_TRUE(site.set({}, middle.address(8405)).ok());
  auto tell = [&](const std::string& method, const std::string& target) {
    http::Request request;
    request.method = method;
    request.target = target;
    auto answer = simulation.run(client.send(middle.address(8405), std::move(request))).value();
    return std::make_pair(answer.status(), simulation.run(answer.json()).value_or(Json()));
  };
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/disable").first, 200);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(get(80).second, "9002");
  EXPECT_EQ(tell("POST", "/v1/instances/a/9/disable").first, 404);
  ASSERT_TRUE(apply(simple(80, {9001, 9002})).ok());
  EXPECT_EQ(alone->ordered("a/1"), Alone::Order::disabled);  // through a change of the file
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/enable").first, 200);

  slow = 3s;
  auto waiting = client.send(middle.address(80), http::Request());
  ASSERT_TRUE(simulation.run_until([&] { return alone->proxy().requests_in_flight() == 1; }));
  std::string busy = simulation.run(alone->in_flight("a/1")).value() == 1 ? "1" : "2";
  auto early = tell("POST", "/v1/instances/a/" + busy + "/drain?wait=1s");
  EXPECT_EQ(early.second["in_flight"].integer(), 1);
  auto state = tell("GET", "/v1/state").second;
  auto& instances = state["services"].items().at(0)["instances"].items();
  auto& drained = instances.at(busy == "1" ? 0 : 1);
  EXPECT_EQ(drained["health"].string_or(""), "draining");
  EXPECT_EQ(drained["in_flight"].integer(), 1);
  EXPECT_EQ(
      tell("POST", "/v1/instances/a/" + busy + "/drain?wait=1m").second["in_flight"].integer(), 0);
  EXPECT_EQ(simulation.run(std::move(waiting)).value().status(), 200);

  auto killed = client.send(middle.address(80), http::Request());
  ASSERT_TRUE(simulation.run_until([&] { return alone->proxy().requests_in_flight() == 1; }));
  auto sessions = tell("GET", "/v1/sessions").second["sessions"];
  std::uint64_t id = 0;
  for (auto& each : sessions.items()) {
    if (each["asking"].boolean().value_or(false)) id = *each["id"].unsigned_integer();
  }
  EXPECT_EQ(tell("DELETE", "/v1/sessions/" + std::to_string(id)).first, 200);
  EXPECT_FALSE(simulation.run(std::move(killed)).ok());
  EXPECT_EQ(alone->proxy().requests_in_flight(), 0U);
  EXPECT_EQ(tell("DELETE", "/v1/sessions/" + std::to_string(id)).first, 404);
}

TEST_F(AloneTest, the_log_is_followed_by_those_who_ask_for_it) {
  backend(9001);
  ASSERT_TRUE(apply(simple(80, {9001})).ok());
  ControlSite site(middle.world(), Log(), *alone);
  ASSERT_TRUE(site.set({}, middle.address(8405)).ok());
  auto follow = [&](const std::string& query) {
    return simulation.run(client.get(middle.address(8405), "/v1/log?" + query));
  };
  auto bad = follow("status=400-499&form=json").value();
  auto all = follow("service=a&path=/x").value();
  EXPECT_EQ(follow("status=many").value().status(), 400);
  EXPECT_EQ(simulation.run(bad.read()).value().view(), "\n");
  EXPECT_EQ(simulation.run(all.read()).value().view(), "\n");
  EXPECT_EQ(get(80, "/y").first, 200);
  EXPECT_EQ(get(80, "/%00").first, 400);
  EXPECT_EQ(get(80, "/x/1").first, 200);
  auto record = Json::parse(simulation.run(bad.read()).value().view()).value();
  EXPECT_EQ(record["status"].integer(), 400);
  EXPECT_THAT(simulation.run(all.read()).value().text(), HasSubstr("\"GET /x/1 HTTP/1.1\"\n"));
  {
    auto slow_reader = alone->shard().tail().follow({}, gateway::LogSpec::Form::haproxy);
    EXPECT_EQ(simulation.run(slow_reader->read()).value().view(), "\n");
    for (std::size_t i = 0; i < LogTail::lines_waiting_max + 5; ++i) EXPECT_EQ(get(80).first, 200);
    auto first = simulation.run(slow_reader->read()).value().text();
    EXPECT_THAT(first, testing::StartsWith("... 5 lines were lost"));
  }
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
