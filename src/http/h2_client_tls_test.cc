#include <gtest/gtest.h>

#include "http/client.h"
#include "http/simulated_web_suite.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"
#include "tls/listener.h"

// The version of HTTP as TLS agrees upon it (RFC 7301).
namespace berth::http {
namespace {

struct H2ClientTlsTest : SimulatedWeb {
  tls::Authority authority;
  ClientOptions options;
  std::unique_ptr<Client> made;

  H2ClientTlsTest() {
    options.resolver = &resolver;
    answer_late("/late", 1s);
  }
  /// A server of ours that agrees to these.
  void serve(std::vector<std::string> protocols) {
    tls::ServerOptions offered;
    offered.certificates.push_back(authority.issue_for("DNS:users"));
    offered.alpn = std::move(protocols);
    auto context = tls::ServerContext::make(std::move(offered)).value();
    server.serve(std::make_unique<tls::Listener>(context, there.clock,
                                                 there.network.listen(there.address(443)).value()));
  }
  Client& client() {
    if (!made) {
      tls::ClientOptions trusting;
      trusting.authorities = authority.pem();
      options.secure = tls::secure_with(tls::ClientContext::make(trusting).value(), here.clock);
      made = std::make_unique<Client>(here.clock, here.network, options);
    }
    return *made;
  }
  Deferred<Response> ask(Version version = Version::negotiated, std::string path = "/") {
    SendOptions send;
    send.version = version;
    return client().send(parse_url("https://users" + path).value(), Request(), std::move(send));
  }
  /// 1 or 2; 0 for an error, which is told.
  int version_by(Version version) {
    auto response = run(ask(version));
    told = response.ok() ? "" : response.error().text();
    if (!response.ok()) return 0;
    EXPECT_EQ(run(response->text()).value(), "hello");
    return response->major_version();
  }
  std::string told;
};

TEST_F(H2ClientTlsTest, the_version_is_what_both_know) {
  serve({"h2", "http/1.1"});
  EXPECT_EQ(version_by(Version::negotiated), 2);
  EXPECT_EQ(version_by(Version::http_2), 2);
  EXPECT_EQ(version_by(Version::http_1_1), 1);
  EXPECT_EQ(client().idle(), 3u);  // they are not mixed
}

TEST_F(H2ClientTlsTest, a_server_of_1_1_is_spoken_to_by_1_1_or_not_at_all) {
  serve({"http/1.1"});
  EXPECT_EQ(version_by(Version::negotiated), 1);
  EXPECT_EQ(version_by(Version::http_1_1), 1);
  EXPECT_EQ(version_by(Version::http_2), 0);
  EXPECT_TRUE(told.find(", no TLS with users: ") != told.npos) << told;
}

TEST_F(H2ClientTlsTest, a_server_without_alpn_speaks_1_1) {
  serve({});
  EXPECT_EQ(version_by(Version::negotiated), 1);
  EXPECT_EQ(version_by(Version::http_2), 0);
  EXPECT_TRUE(told.ends_with("the server does not agree to HTTP/2")) << told;
}

TEST_F(H2ClientTlsTest, requests_that_come_before_the_version_is_known_wait_for_it) {
  serve({"h2", "http/1.1"});
  std::vector<Deferred<Response>> all;
  for (int i = 0; i < 10; ++i) all.push_back(ask(Version::negotiated, "/late"));
  for (auto& each : all) EXPECT_EQ(run(std::move(each)).value().major_version(), 2);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(H2ClientTlsTest, and_go_side_by_side_where_it_is_1_1) {
  serve({"http/1.1"});
  auto begun = simulation.now();
  std::vector<Deferred<std::string>> all;
  for (int i = 0; i < 10; ++i) all.push_back(ask(Version::negotiated, "/late").then(text_of));
  for (auto& each : all) EXPECT_EQ(run(std::move(each)).value(), "late");
  EXPECT_EQ(client().idle(), 10u);
  EXPECT_LT(simulation.now() - begun, 2s);
}

TEST_F(H2ClientTlsTest, the_last_bytes_of_a_connection_that_closes_arrive) {
  serve({"http/1.1"});
  router.add("GET", "/large", [](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::string(3'000'000, 'x'))});
  });
  Request request;
  request.headers.emplace_back("connection", "close");
  auto response =
      run(client().send(parse_url("https://users/large").value(), std::move(request))).value();
  EXPECT_EQ(run(response.text()).value().size(), 3'000'000u);
  simulation.run_for(1s);
  EXPECT_EQ(server.connections(), 0u);
}

}  // namespace
}  // namespace berth::http
