#include "proxy/gateway/instance_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "sim/simulation.h"
#include "tls/authority_suite.h"
#include "tls/listener.h"

namespace berth::proxy {
namespace {

using testing::HasSubstr;

/// A client, a proxy alone, and an instance behind TLS, each a host, in simulated time.
struct InstanceTlsTest : ::testing::Test {
  sim::Simulation simulation{7};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  tls::Authority authority;
  tls::ServerOptions offered;
  std::map<std::string, std::string> files;
  int requests = 0;
  int health = 200;
  std::unique_ptr<http::Server> server;
  tls::Listener* listener = nullptr;
  http::Client client{outside.clock, outside.network};
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(middle.world(), Log());

  InstanceTlsTest() {
    files["/ca.pem"] = authority.pem().text;
    offered.certificates = {authority.issue_for("DNS:a.internal,IP:10.0.0.3")};
    offered.alpn = {"http/1.1"};
  }
  void serve() {
    server = std::make_unique<http::Server>(
        inside.clock, [this](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
          if (request.head.path() == "/health") {
            co_return http::ServerResponse::text("", health);
          }
          ++requests;
          std::string body = co_await request.body(4 << 20);
          co_return http::ServerResponse::text("well: " + std::to_string(body.size()));
        });
    auto context = tls::ServerContext::make(offered).value();
    auto made = std::make_unique<tls::Listener>(context, inside.clock,
                                                inside.network.listen(inside.address(443)).value());
    listener = made.get();
    server->serve(std::move(made));
  }
  Result<void> apply(const std::string& service, const std::string& more = "") {
    std::string text =
        "[listener.web]\nlisten = \"tcp:10.0.0.2:80\"\n[service.a]\n"
        "instances = [\"10.0.0.3:443\"]\n" +
        service + "\n[route.all]\nservice = \"a\"\n" + more;
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [&](const std::string& path) {
      auto found = files.find(path);
      return found == files.end() ? Result<std::string>(Error(Code::not_found, "no " + path))
                                  : Result<std::string>(found->second);
    });
    if (!file.ok()) return std::move(file).error();
    return alone->apply(std::move(*file));
  }
  std::pair<int, std::string> get(std::uint16_t port = 80, std::string content = "") {
    http::Request request;
    request.method = content.empty() ? "GET" : "POST";
    request.body = http::Body(std::move(content));
    auto answer = simulation.run(client.send(middle.address(port), std::move(request)));
    if (!answer.ok()) return {0, answer.error().text()};
    int status = answer->status();
    return {status, simulation.run(answer->text()).value()};
  }
  Endpoint& endpoint() { return *alone->proxy().pool_called("a")->endpoints().at(0); }
};

TEST_F(InstanceTlsTest, verifies_the_instance_by_its_name_and_keeps_the_connection) {
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(), std::make_pair(200, std::string("well: 0")));
  EXPECT_EQ(get(80, std::string(300'000, 'x')).second, "well: 300000");
  EXPECT_EQ(endpoint().links.size(), 0U);
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(InstanceTlsTest, without_a_name_the_certificate_must_be_for_the_address) {
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\" }").ok());
  EXPECT_EQ(get().first, 200);
}

TEST_F(InstanceTlsTest, an_instance_that_is_another_gets_no_request) {
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"b.internal\" }").ok());
  auto refused = get();
  EXPECT_EQ(refused.first, 503);
  EXPECT_THAT(refused.second, HasSubstr("certificate"));
  tls::Authority other("Other CA");
  files["/ca.pem"] = other.pem().text;
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  EXPECT_EQ(get().first, 503);
  EXPECT_EQ(requests, 0);
}

TEST_F(InstanceTlsTest, speaks_http_2_where_the_instance_agrees_to_it) {
  offered.alpn = {"h2", "http/1.1"};
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get().second, "well: 0");
  EXPECT_EQ(get(80, std::string(300'000, 'x')).second, "well: 300000");
  EXPECT_EQ(endpoint().links.size(), 1U);
  EXPECT_EQ(server->connections(), 1U);
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }\n"
                    "protocol = \"http/1.1\"")
                  .ok());
  EXPECT_EQ(get().second, "well: 0");
  EXPECT_EQ(endpoint().links.size(), 0U);  // it was not asked for
}

TEST_F(InstanceTlsTest, many_first_requests_at_once_end_on_few_connections) {
  offered.alpn = {"h2", "http/1.1"};
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  std::vector<Deferred<http::Response>> all;
  for (int i = 0; i < 60; ++i) {
    http::Request request;
    all.push_back(client.send(middle.address(80), std::move(request)));
  }
  for (auto& each : all) {
    auto answer = simulation.run(std::move(each));
    ASSERT_TRUE(answer.ok()) << answer.error().text();
    EXPECT_EQ(answer->status(), 200);
  }
  EXPECT_LE(endpoint().links.size(), H2Links::connections_max);
}

TEST_F(InstanceTlsTest, goes_back_to_http_1_where_the_instance_does) {
  offered.alpn = {"h2", "http/1.1"};
  serve();
  std::string service = "tls = { ca = \"/ca.pem\", name = \"a.internal\" }";
  ASSERT_TRUE(apply(service).ok());
  EXPECT_EQ(get().first, 200);
  offered.alpn = {"http/1.1"};
  ASSERT_TRUE(listener->context().replace(offered).ok());
  endpoint().close_idle();
  EXPECT_EQ(get().first, 200);
  EXPECT_EQ(endpoint().links.size(), 0U);
}

TEST_F(InstanceTlsTest, http_2_alone_is_refused_where_the_instance_has_it_not) {
  offered.alpn = {};
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }\nprotocol = \"h2\"").ok());
  auto refused = get();
  EXPECT_EQ(refused.first, 503);
  EXPECT_THAT(refused.second, HasSubstr("speaks no HTTP/2"));
}

TEST_F(InstanceTlsTest, shows_a_certificate_to_an_instance_that_asks) {
  offered.client_certificates = tls::ClientCertificates::required;
  offered.client_authorities = authority.pem();
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  EXPECT_NE(get().first, 200);
  auto own = authority.issue_for("DNS:proxy.internal");
  files["/me.pem"] = own.chain.text;
  files["/me.key"] = own.key.text;
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\", "
                    "certificate = { chain = \"/me.pem\", key = \"/me.key\" } }")
                  .ok());
  EXPECT_EQ(get().first, 200);
}

TEST_F(InstanceTlsTest, a_wrong_authority_changes_nothing) {
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }").ok());
  files["/ca.pem"] = "nothing";
  auto refused = apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("/ca.pem: has no certificate"));
  EXPECT_EQ(get().first, 200);
}

TEST_F(InstanceTlsTest, checks_go_by_tls_too) {
  serve();
  std::string check = "check = { http = \"/health\", interval = \"1s\", fall = 1, rise = 1 }";
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }\n" + check).ok());
  simulation.run_for(3s);
  EXPECT_EQ(get().first, 200);
  health = 500;
  simulation.run_for(3s);
  EXPECT_THAT(get().second, HasSubstr("GET /health answered 500"));
  health = 200;
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"b.internal\" }\n" + check).ok());
  simulation.run_for(3s);
  EXPECT_THAT(get().second, HasSubstr("certificate"));
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }\n"
                    "check = { tcp = true, interval = \"1s\", fall = 1, rise = 1 }")
                  .ok());
  simulation.run_for(3s);
  EXPECT_EQ(get().first, 200);
}

TEST_F(InstanceTlsTest, tcp_mode_ends_in_tls_as_well) {
  offered.alpn = {};
  serve();
  ASSERT_TRUE(apply("tls = { ca = \"/ca.pem\", name = \"a.internal\" }",
                    "[listener.bytes]\nlisten = \"tcp:10.0.0.2:81\"\nmode = \"tcp\"\n"
                    "service = \"a\"\n")
                  .ok());
  EXPECT_EQ(get(81, "12345").second, "well: 5");
}

}  // namespace
}  // namespace berth::proxy
