#include "tls/context.h"

#include "tls/pair_suite.h"

namespace berth::tls {
namespace {

struct ContextTest : PairTest {
  void write(const std::string& path, const std::string& text) {
    run(server_host.disk.replace_file(path, text)).value();
  }
  void write(const CertificatePem& pem) {
    write("/server.pem", pem.chain.text);
    write("/server.key", pem.key.text);
  }
  std::string shown(ServerContext& server) {
    auto both = shake(server, client_context());
    return both.client.ok() ? both.client_stream().peer_certificate()->common_name
                            : both.client.error().text();
  }
};

std::string refusal(ServerOptions options) {
  auto made = ServerContext::make(std::move(options));
  if (made.ok()) return "taken";
  EXPECT_TRUE(made.error().is(Code::invalid));
  return made.error().text();
}

TEST_F(ContextTest, says_what_is_wrong_and_in_which_file) {
  auto good = certificate();
  auto other = authority().issue_for("DNS:b.example");
  auto with = [](CertificatePem pem) {
    pem.chain.path = "/chain.pem";
    pem.key.path = "/key.pem";
    ServerOptions options;
    options.certificates = {std::move(pem)};
    return refusal(std::move(options));
  };
  EXPECT_EQ(with(good), "taken");
  EXPECT_EQ(with({{"", ""}, good.key}), "/chain.pem: has no certificate in PEM form");
  EXPECT_EQ(with({good.key, good.key}), "/chain.pem: has no certificate in PEM form");
  EXPECT_TRUE(has(with({good.chain, {"nonsense", ""}}), "/key.pem: has no private key"));
  EXPECT_EQ(with({good.chain, other.key}),
            "/key.pem: is not the key of the first certificate in /chain.pem");
  std::string cut = good.chain.text.substr(0, 200) + "\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(has(with({{cut, ""}, good.key}), "/chain.pem: has a certificate that cannot be read"))
      << with({{cut, ""}, good.key});
  std::string locked =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_TRUE(has(with({good.chain, {locked, ""}}), "a key with a password"));
  auto weak = authority().issue(
      {.common_name = "weak", .names = "DNS:w", .kind = Authority::Kind::rsa, .rsa_bits = 1024});
  EXPECT_TRUE(has(with(weak), "key too small")) << with(weak);
  std::string large(pem_bytes_max + 1, ' ');
  EXPECT_TRUE(has(with({{large, ""}, good.key}), "longer than a PEM file may be"));
}

TEST_F(ContextTest, says_what_is_missing) {
  EXPECT_TRUE(has(refusal({}), "needs a certificate"));
  server_options.client_certificates = ClientCertificates::required;
  EXPECT_TRUE(has(refusal(server_options), "none are trusted"));
  server_options.client_authorities = Pem{"", "/clients.pem"};
  EXPECT_EQ(refusal(server_options), "/clients.pem: has no certificate in PEM form");
  server_options.client_authorities = authority().pem();
  server_options.alpn = {""};
  EXPECT_TRUE(has(refusal(server_options), "ALPN"));
  client_options.authorities = Pem{"x", "/roots.pem"};
  auto failed = ClientContext::make(client_options);
  EXPECT_EQ(failed.error().text(), "/roots.pem: has no certificate in PEM form");
  EXPECT_TRUE(ClientContext::make().ok());  // the system's roots
}

TEST_F(ContextTest, reads_files_anew_without_a_restart_and_keeps_the_old_where_one_is_wrong) {
  auto missing = run(read_certificate(server_host.disk, "/server.pem", "/server.key"));
  EXPECT_TRUE(missing.error().is(Code::not_found));
  EXPECT_TRUE(has(missing.error().text(), "/server.pem")) << missing.error().text();

  write(authority().issue({"one", "DNS:a.example"}));
  server_options.certificates = {
      run(read_certificate(server_host.disk, "/server.pem", "/server.key")).value()};
  auto server = server_context();
  EXPECT_EQ(shown(server), "one");
  auto begun = shake(server, client_context());

  auto two = authority().issue({"two", "DNS:a.example"});
  write("/server.pem", two.chain.text);
  auto half = run(server.reload(server_host.disk));
  EXPECT_TRUE(has(half.error().text(), "/server.key: is not the key")) << half.error().text();
  EXPECT_EQ(shown(server), "one");
  write("/server.key", two.key.text);
  run(server.reload(server_host.disk)).value();
  EXPECT_EQ(shown(server), "two");

  write("/server.pem", "gone");
  EXPECT_TRUE(
      has(run(server.reload(server_host.disk)).error().text(), "/server.pem: has no certificate"));
  run(server_host.disk.remove("/server.pem")).value();
  auto gone = run(server.reload(server_host.disk));
  EXPECT_TRUE(has(gone.error().text(), "reading /server.pem")) << gone.error().text();
  EXPECT_EQ(shown(server), "two");
  // What a handshake began with it keeps.
  EXPECT_EQ(pass(**begun.client, **begun.server, "still here"), "still here");
}

TEST_F(ContextTest, streams_outlive_their_contexts) {
  auto both = [&] { return shake(server_context(), client_context()); }();
  EXPECT_EQ(pass(**both.server, **both.client, "with tickets"), "with tickets");
  EXPECT_EQ(pass(**both.client, **both.server, "hello"), "hello");
}

}  // namespace
}  // namespace berth::tls
