#include "tls/handshake.h"

#include "tls/pair_suite.h"
#include "tls/ticket_keys.h"

namespace berth::tls {
namespace {

/// Each of the two versions of TLS.
struct HandshakeTest : PairTest, ::testing::WithParamInterface<Version> {
  HandshakeTest() {
    server_options.version_min = server_options.version_max = GetParam();
    client_options.version_max = GetParam();
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, HandshakeTest,
                         ::testing::Values(Version::tls1_2, Version::tls1_3), [](auto& each) {
                           return each.param == Version::tls1_3 ? "tls1_3" : "tls1_2";
                         });

TEST_P(HandshakeTest, both_sides_talk_and_know_what_was_agreed) {
  auto both = shake();
  ASSERT_TRUE(both.client.ok()) << both.client.error().text();
  ASSERT_TRUE(both.server.ok()) << both.server.error().text();
  EXPECT_EQ(pass(**both.client, **both.server, "ping"), "ping");
  EXPECT_EQ(pass(**both.server, **both.client, "pong"), "pong");
  const char* version = GetParam() == Version::tls1_3 ? "TLSv1.3" : "TLSv1.2";
  EXPECT_EQ(both.client_stream().version(), version);
  EXPECT_EQ(both.server_stream().version(), version);
  EXPECT_EQ(both.server_stream().server_name(), "a.example");
  EXPECT_EQ(both.server_stream().protocol(), "");
  EXPECT_FALSE(both.client_stream().resumed());
  EXPECT_FALSE(both.server_stream().peer_certificate());
  EXPECT_EQ(both.client_stream().peer_certificate()->subject, "CN=server");
  EXPECT_EQ(both.client_stream().peer_certificate()->fingerprint.size(), 64u);
  EXPECT_EQ(both.client_stream().peer_address().text(), "10.0.0.1:443");
}

TEST_P(HandshakeTest, the_certificate_is_that_of_the_name_that_is_asked_for) {
  server_options.certificates = {
      authority().issue({"default", "DNS:default.example"}),
      authority().issue({"exact", "DNS:www.many.example"}),
      authority().issue({"wild", "DNS:*.many.example,DNS:many.example"}),
      authority().issue({"rsa", "DNS:both.example", Authority::Kind::rsa}),
      authority().issue({"ec", "DNS:both.example"}),
      authority().issue({"ed", "DNS:ed.example", Authority::Kind::ed25519}),
  };
  auto server = server_context();
  auto client = client_context();
  auto shown = [&](const char* name) {
    auto both = shake(server, client, name);
    return both.client.ok() ? both.client_stream().peer_certificate()->common_name
                            : both.client.error().text();
  };
  EXPECT_EQ(shown("default.example"), "default");
  EXPECT_EQ(shown("www.many.example"), "exact");
  EXPECT_EQ(shown("WWW.Many.Example."), "exact");
  EXPECT_EQ(shown("other.many.example"), "wild");
  EXPECT_EQ(shown("many.example"), "wild");
  EXPECT_EQ(shown("both.example"), "ec");
  EXPECT_EQ(shown("ed.example"), "ed");
  EXPECT_TRUE(has(shown("deep.other.many.example"), "hostname mismatch"));
  EXPECT_TRUE(has(shown("unknown.example"), "hostname mismatch"));
}

TEST_P(HandshakeTest, a_server_that_is_not_the_one_asked_for_is_denied) {
  auto server = server_context();
  auto client = client_context();
  EXPECT_TRUE(shake(server, client, "x.b.example").client.ok());
  EXPECT_TRUE(shake(server, client, "10.0.0.1").client.ok());
  struct {
    const char* name;
    const char* why;
  } cases[] = {{"b.example", "hostname mismatch"},
               {"x.y.b.example", "hostname mismatch"},
               {"server", "hostname mismatch"},  // its common name
               {"10.0.0.2", "IP address mismatch"},
               {"[::1]", "IP address mismatch"}};
  for (auto& each : cases) {
    auto both = shake(server, client, each.name);
    ASSERT_FALSE(both.client.ok()) << each.name;
    EXPECT_TRUE(both.client.error().is(Code::denied)) << each.name;
    EXPECT_TRUE(has(both.client.error().text(), each.why)) << both.client.error().text();
    EXPECT_TRUE(has(both.client.error().text(), "10.0.0.1:443")) << both.client.error().text();
  }
  for (const char* name : {"", "[", "a b\n"}) {
    auto both = shake(server, client, name);
    EXPECT_FALSE(both.client.ok()) << name;
  }
}

TEST_P(HandshakeTest, a_server_of_an_unknown_authority_is_denied_and_hears_why) {
  client_options.authorities = Authority("Other").pem();
  auto both = shake();
  EXPECT_TRUE(both.client.error().is(Code::denied));
  EXPECT_TRUE(has(both.client.error().text(), "unable to get local issuer certificate"))
      << both.client.error().text();
  EXPECT_TRUE(both.server.error().is(Code::refused)) << both.server.error().text();
  EXPECT_TRUE(has(both.server.error().text(), "unknown ca")) << both.server.error().text();
}

TEST_P(HandshakeTest, certificates_are_judged_by_the_injected_clock) {
  constexpr std::time_t day = 86'400;
  constexpr std::time_t begin = 1'704'067'200;  // when the simulation begins
  server_options.certificates = {
      authority().issue({"", "DNS:a.example", Authority::Kind::ec, begin, begin + day})};
  auto server = server_context();
  auto client = client_context();
  EXPECT_TRUE(shake(server, client).client.ok());
  client_host.clock.wall_offset = -1h;
  auto early = shake(server, client_context());
  EXPECT_TRUE(has(early.client.error().text(), "not yet valid")) << early.client.error().text();
  client_host.clock.wall_offset = 25h;
  auto late = shake(server, client_context());
  EXPECT_TRUE(late.client.error().is(Code::denied));
  EXPECT_TRUE(has(late.client.error().text(), "expired")) << late.client.error().text();
}

TEST_P(HandshakeTest, the_protocol_is_the_first_of_the_server_that_the_client_offers) {
  server_options.alpn = {"h2", "http/1.1"};
  auto server = server_context();
  auto chosen = [&](std::vector<std::string> offered) {
    client_options.alpn = std::move(offered);
    auto both = shake(server, client_context());
    if (!both.client.ok()) return both.client.error().text();
    EXPECT_EQ(both.client_stream().protocol(), both.server_stream().protocol());
    return std::string(both.client_stream().protocol());
  };
  EXPECT_EQ(chosen({"http/1.1", "h2"}), "h2");
  EXPECT_EQ(chosen({"http/1.0", "http/1.1"}), "http/1.1");
  EXPECT_EQ(chosen({}), "");
  EXPECT_TRUE(has(chosen({"smtp"}), "no application protocol")) << chosen({"smtp"});
  server_options.alpn = {};
  server = server_context();
  EXPECT_EQ(chosen({"h2"}), "");
}

TEST_P(HandshakeTest, clients_show_certificates_where_they_are_asked) {
  Authority clients("Clients");
  client_options.certificate = clients.issue({"orders", "DNS:orders.example"});
  server_options.client_authorities = clients.pem();
  auto nobody = client_options;
  nobody.certificate.reset();
  auto stranger = client_options;
  stranger.certificate = authority().issue({"stranger", "DNS:orders.example"});

  for (auto rule : {ClientCertificates::optional, ClientCertificates::required}) {
    server_options.client_certificates = rule;
    auto server = server_context();
    auto both = shake(server, client_context());
    ASSERT_TRUE(both.server.ok()) << both.server.error().text();
    EXPECT_EQ(both.server_stream().peer_certificate()->common_name, "orders");
    EXPECT_EQ(both.server_stream().peer_certificate()->subject, "CN=orders");
    EXPECT_EQ(both.server_stream().peer_certificate()->names,
              std::vector<std::string>{"orders.example"});

    auto bare = shake(server, ClientContext::make(nobody).value());
    EXPECT_EQ(bare.server.ok(), rule == ClientCertificates::optional);
    if (bare.server.ok()) {
      EXPECT_FALSE(bare.server_stream().peer_certificate());
    } else {
      EXPECT_TRUE(bare.server.error().is(Code::denied));
      EXPECT_TRUE(has(bare.server.error().text(), "no certificate")) << bare.server.error().text();
    }
    auto wrong = shake(server, ClientContext::make(stranger).value());
    ASSERT_FALSE(wrong.server.ok());
    EXPECT_TRUE(wrong.server.error().is(Code::denied)) << wrong.server.error().text();
    // The client hears of it: in its handshake, or (TLS 1.3) at its first read.
    auto told = wrong.client.ok() ? run((*wrong.client)->read()).error() : wrong.client.error();
    EXPECT_TRUE(has(told.text(), "unknown ca")) << told.text();
  }
  server_options.client_certificates = ClientCertificates::none;
  EXPECT_FALSE(shake().server_stream().peer_certificate());
}

TEST_P(HandshakeTest, a_session_is_resumed_as_long_as_its_ticket_key_is_kept) {
  auto server = server_context();
  auto client = client_context();
  auto resumed = [&] {
    auto both = shake(server, client);
    EXPECT_EQ(pass(**both.server, **both.client, "takes in the tickets"), "takes in the tickets");
    EXPECT_EQ(both.client_stream().resumed(), both.server_stream().resumed());
    return both.client_stream().resumed();
  };
  EXPECT_FALSE(resumed());
  EXPECT_TRUE(resumed());
  simulation.run_for(90min);
  EXPECT_TRUE(resumed());  // sealed with an older key
  EXPECT_TRUE(resumed());
  simulation.run_for(5h);
  EXPECT_FALSE(resumed());
  EXPECT_TRUE(resumed());
  server.replace(server.options()).value();
  EXPECT_TRUE(resumed());  // other certificates change nothing
  EXPECT_EQ(shake(server, client, "x.b.example").client_stream().resumed(), false);
}

TEST_P(HandshakeTest, servers_that_share_ticket_keys_resume_each_others_sessions) {
  auto client = client_context();
  server_options.ticket_keys = std::make_shared<TicketKeys>();
  auto one = shake(server_context(), client);
  pass(**one.server, **one.client, "x");
  auto two = shake(server_context(), client);
  EXPECT_TRUE(two.client_stream().resumed());
  pass(**two.server, **two.client, "x");
  server_options.ticket_keys.reset();
  EXPECT_FALSE(shake(server_context(), client).client_stream().resumed());
}

TEST_P(HandshakeTest, a_session_is_not_resumed_under_other_rules_for_clients) {
  Authority clients("Clients");
  client_options.certificate = clients.issue({"orders", ""});
  auto server = server_context();
  auto client = client_context();
  auto both = shake(server, client);
  pass(**both.server, **both.client, "x");
  server_options.client_authorities = clients.pem();
  server_options.client_certificates = ClientCertificates::required;
  server.replace(server_options).value();
  auto asked = shake(server, client);
  ASSERT_TRUE(asked.server.ok()) << asked.server.error().text();
  EXPECT_FALSE(asked.server_stream().resumed());
  EXPECT_EQ(asked.server_stream().peer_certificate()->common_name, "orders");
  pass(**asked.server, **asked.client, "x");
  auto again = shake(server, client);
  EXPECT_TRUE(again.server_stream().resumed());
  EXPECT_EQ(again.server_stream().peer_certificate()->common_name, "orders");
}

TEST_P(HandshakeTest, a_silent_peer_is_timed_out_by_the_clock) {
  for (bool server_side : {true, false}) {
    Raw raw = connect();
    auto begun = simulation.now();
    auto work = server_side ? accept(server_context(), server_host.clock, std::move(raw.server))
                            : tls::connect(client_context(), client_host.clock,
                                           std::move(raw.client), host);
    auto result = run(std::move(work));
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(Code::timed_out));
    EXPECT_GE(simulation.now() - begun, Duration(10s));
    EXPECT_LT(simulation.now() - begun, Duration(11s));
  }
}

TEST_P(HandshakeTest, a_peer_that_goes_is_a_reset) {
  for (bool abort : {true, false}) {
    Raw raw = connect();
    auto accepting = accept(server_context(), server_host.clock, std::move(raw.server));
    if (abort) {
      raw.client->abort();
    } else {
      raw.client->close();
    }
    EXPECT_TRUE(run(std::move(accepting)).error().is(Code::reset));
  }
}

TEST_P(HandshakeTest, what_is_not_tls_is_told_in_words) {
  struct {
    const char* sent;
    const char* why;
  } cases[] = {{"GET / HTTP/1.1\r\nhost: x\r\n\r\n", "the peer speaks HTTP without TLS"},
               {"SSH-2.0-OpenSSH_9.2p1\r\n", "not TLS"}};
  for (auto& each : cases) {
    Raw raw = connect();
    auto accepting = accept(server_context(), server_host.clock, std::move(raw.server));
    run(raw.client->write(Bytes::copy(each.sent))).value();
    auto error = run(std::move(accepting)).error();
    EXPECT_TRUE(error.is(Code::invalid)) << error.text();
    EXPECT_TRUE(has(error.text(), each.why)) << error.text();
  }
  Raw raw = connect();
  auto connecting = tls::connect(client_context(), client_host.clock, std::move(raw.client), host);
  run(raw.server->write(Bytes::literal("HTTP/1.1 400 Bad Request\r\n\r\n"))).value();
  auto error = run(std::move(connecting)).error();
  EXPECT_TRUE(has(error.text(), "not TLS")) << error.text();
}

TEST_F(PairTest, a_version_below_the_least_is_refused) {
  server_options.version_min = Version::tls1_3;
  client_options.version_max = Version::tls1_2;
  auto both = shake();
  EXPECT_TRUE(both.server.error().is(Code::invalid));
  EXPECT_TRUE(has(both.server.error().text(), "too old")) << both.server.error().text();
  EXPECT_TRUE(both.client.error().is(Code::refused));
  EXPECT_TRUE(has(both.client.error().text(), "protocol version")) << both.client.error().text();
}

TEST_F(PairTest, a_secure_function_makes_secured_streams) {
  Secure secure = secure_with(client_context(), client_host.clock);
  Raw raw = connect();
  auto accepting = accept(server_context(), server_host.clock, std::move(raw.server));
  auto client = run(secure(std::move(raw.client), host, {})).value();
  auto server = run(std::move(accepting)).value();
  EXPECT_EQ(pass(*client, *server, "hello"), "hello");
}

}  // namespace
}  // namespace berth::tls
