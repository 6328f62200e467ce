#include "tls/engine.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <tuple>

#include "tls/authority_suite.h"
#include "tls/context.h"

namespace berth::tls {
namespace {

/// OpenSSL itself as a client that may do what ours never does, against an Engine.
struct EngineTest : ::testing::Test {
  explicit EngineTest(int version = TLS1_3_VERSION) {
    Authority authority;
    ServerOptions options;
    options.certificates = {authority.issue_for("DNS:a.example")};
    server = ServerContext::make(std::move(options)).value().engine({}, {});
    context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), version);
    client.reset(SSL_new(context.get()));
    to_client = BIO_new(BIO_s_mem());
    from_client = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), to_client, from_client);
    SSL_set_connect_state(client.get());
  }
  /// What the client has for the server.
  Bytes taken() {
    char* data = nullptr;
    long size = BIO_get_mem_data(from_client, &data);
    Bytes bytes = Bytes::copy({data, static_cast<std::size_t>(size)});
    std::ignore = BIO_reset(from_client);
    return bytes;
  }
  std::size_t give() {
    std::size_t size = 0;
    for (Bytes& each : server->take_output()) {
      BIO_write(to_client, each.data(), static_cast<int>(each.size()));
      size += each.size();
    }
    return size;
  }
  void shake() {
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client.get());
      if (Bytes bytes = taken(); !bytes.empty()) server->feed(std::move(bytes));
      auto progress = server->handshake();
      ASSERT_TRUE(progress.ok()) << progress.error().text();
      give();
      if (*progress == Engine::Progress::done && SSL_is_init_finished(client.get())) return;
    }
    FAIL() << "no end of the handshake";
  }

  std::unique_ptr<Engine> server;
  Owned<ssl_ctx_st> context;
  Owned<ssl_st> client;
  BIO* to_client;
  BIO* from_client;
};

TEST_F(EngineTest, some_key_updates_are_taken_and_answered) {
  shake();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.get()), 1);
    ASSERT_EQ(SSL_write(client.get(), "hello", 5), 5);
    server->feed(taken());
    EXPECT_EQ(server->read(100)->value().view(), "hello");
    EXPECT_FALSE(server->read(100));
    BytesList answer(Bytes::literal("answer"));
    ASSERT_TRUE(server->write(answer, 100).ok());
    give();
    char got[100];
    ASSERT_EQ(SSL_read(client.get(), got, sizeof got), 6);
  }
}

TEST_F(EngineTest, a_flood_of_key_updates_is_cut_off) {
  shake();
  for (std::uint64_t sent = 1;; ++sent) {
    SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client.get());
    server->feed(taken());
    auto result = server->read(100);
    if (result) {
      EXPECT_EQ(sent, Engine::messages_free + 1);
      EXPECT_TRUE(result->error().is(Code::reset));
      EXPECT_NE(result->error().text().find("without end"), std::string::npos);
      EXPECT_LE(give(), 30 * (Engine::messages_free + 1));  // an answer each, no more
      return;
    }
  }
}

struct OldEngineTest : EngineTest {
  OldEngineTest() : EngineTest(TLS1_2_VERSION) {}
};

TEST_F(OldEngineTest, renegotiation_is_refused_and_the_connection_goes_on) {
  shake();
  ASSERT_EQ(SSL_renegotiate(client.get()), 1);
  SSL_do_handshake(client.get());
  server->feed(taken());
  EXPECT_FALSE(server->read(100));
  EXPECT_GT(give(), 0u);
  EXPECT_LT(SSL_do_handshake(client.get()), 1);
  BytesList text(Bytes::literal("still here"));
  EXPECT_TRUE(server->write(text, 100).ok());
}

TEST_F(EngineTest, nothing_is_kept_while_nothing_is_under_way) {
  shake();
  EXPECT_FALSE(server->has_output());
  EXPECT_TRUE(server->take_output().empty());
  BytesList text(Bytes::literal("x"));
  server->write(text, 1).value();
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(server->has_output());
  EXPECT_EQ(server->take_output().count(), 1u);
  EXPECT_FALSE(server->has_output());
}

}  // namespace
}  // namespace berth::tls
