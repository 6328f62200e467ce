#include <gmock/gmock.h>

#include <cstring>

#include "observe/outputs/output_world_suite.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"

// Outputs whose peers are behind TLS: from the begin, and by STARTTLS.

namespace berth::observe {
namespace {

const tls::Authority& authority() {
  static const tls::Authority made;
  return made;
}

tls::ServerContext server_context() {
  tls::ServerOptions options;
  options.certificates = {authority().issue_for("IP:10.0.0.2")};
  return tls::ServerContext::make(std::move(options)).value();
}

tls::ClientContext client_context() {
  tls::ClientOptions options;
  options.authorities = authority().pem();
  return tls::ClientContext::make(std::move(options)).value();
}

/// Begins TLS on each connection.
class SecuringListener final : public Listener {
 public:
  SecuringListener(std::unique_ptr<Listener> below, Clock& clock)
      : below_(std::move(below)), clock_(clock), context_(server_context()) {}
  Deferred<std::unique_ptr<ByteStream>> accept() override {
    for (;;) {
      auto raw = co_await below_->accept();
      auto made = co_await tls::accept(context_, clock_, std::move(raw)).result();
      if (made.ok()) co_return std::move(*made);
      if (made.error().is(Code::cancelled)) co_return std::move(made).error();
    }
  }
  Address address() const override { return below_->address(); }
  void close() override { below_->close(); }

 private:
  std::unique_ptr<Listener> below_;
  Clock& clock_;
  tls::ServerContext context_;
};

/// A mail server that wants TLS, and then a password.
class SecureMailPeer final : public Peer {
 public:
  explicit SecureMailPeer(sim::Host& host) : host_(host) {}
  std::string toml() const override {
    return "type = \"mail\"\nto = \"tcp:10.0.0.2:80\"\nfrom = \"b@x.example\"\n"
           "recipients = [\"ops@x.example\"]\nuser = \"me\"\npassword = \"secret\"\n";
  }
  void serve(std::unique_ptr<Listener> listener) override {
    listener_ = std::move(listener);
    serving_ = berth::serve(*listener_, [this](std::unique_ptr<ByteStream> stream) {
      return converse(std::move(stream));
    });
  }
  std::vector<std::string> said;
  bool offers = true;

 private:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream) {
    co_await stream->write(Bytes::literal("220 mail.example ESMTP\r\n"));
    std::string held;
    bool data = false, secured = false;
    for (;;) {
      auto line = split_once(held, '\n');
      if (!line) {
        Bytes bytes = co_await stream->read();
        if (bytes.empty()) co_return;
        held += bytes.view();
        continue;
      }
      std::string text(line->first);
      held = std::string(line->second);
      if (data && text != ".\r") continue;
      said.push_back((secured ? "tls " : "") + text.substr(0, text.size() - 1));
      std::string reply = "250 fine\r\n";
      if (text.starts_with("EHLO")) {
        reply = secured || !offers ? "250-mail.example\r\n250 AUTH PLAIN\r\n"
                                   : "250-mail.example\r\n250 STARTTLS\r\n";
      }
      if (text.starts_with("DATA")) reply = "354 go on\r\n";
      if (text.starts_with("AUTH")) reply = "235 it is you\r\n";
      data = text.starts_with("DATA");
      bool begin = text.starts_with("STARTTLS");
      if (begin) reply = "220 go on\r\n";
      co_await stream->write(Bytes::copy(reply));
      if (!begin) continue;
      stream = co_await tls::accept(context_, host_.clock, std::move(stream));
      secured = true;
    }
  }
  sim::Host& host_;
  tls::ServerContext context_ = server_context();
  std::unique_ptr<Listener> listener_;
  Deferred<void> serving_;
};

TEST(OutputsTls, mail_begins_tls_before_it_tells_the_password) {
  Kind mail = kind<SecureMailPeer>("mail");
  OutputWorld world(mail);
  world.authorities = client_context();
  world.serve();
  world.open();
  world.accept(2);
  ASSERT_TRUE(world.drained());
  auto& peer = static_cast<SecureMailPeer&>(*world.peer);
  EXPECT_THAT(peer.said,
              testing::ElementsAre("EHLO localhost", "STARTTLS", "tls EHLO localhost",
                                   "tls AUTH PLAIN AG1lAHNlY3JldA==", "tls MAIL FROM:<b@x.example>",
                                   "tls RCPT TO:<ops@x.example>", "tls DATA", "tls .", "tls QUIT"));
}

TEST(OutputsTls, a_password_is_not_told_in_clear) {
  Kind mail = kind<SecureMailPeer>("mail");
  OutputWorld world(mail);
  static_cast<SecureMailPeer&>(*world.peer).offers = false;
  world.serve();
  world.open();
  world.accept(1);
  world.simulation.run_for(1min);
  EXPECT_EQ(world.queue().waiting(), 1u);
  EXPECT_THAT(world.queue().trouble(), testing::HasSubstr("in clear"));
  for (auto& line : static_cast<SecureMailPeer&>(*world.peer).said) {
    EXPECT_FALSE(line.contains("AUTH")) << line;
  }
}

/// Of another type's peer, but behind TLS.
template <class T>
class BehindTls final : public Peer {
 public:
  BehindTls(sim::Host& host) : host_(host), inside_(make(host)) {}
  void serve(std::unique_ptr<Listener> listener) override {
    inside_->serve(std::make_unique<SecuringListener>(std::move(listener), host_.clock));
  }
  std::string toml() const override {
    std::string text = inside_->toml();
    for (auto [from, to] : {std::pair("http://", "https://"), std::pair("tcp:", "tls:")}) {
      if (auto at = text.find(from); at != text.npos) text.replace(at, std::strlen(from), to);
    }
    return text;
  }
  Peer& inside() { return *inside_; }

 private:
  static std::unique_ptr<Peer> make(sim::Host& host) {
    if constexpr (std::is_constructible_v<T, sim::Host&>) {
      return std::make_unique<T>(host);
    } else {
      return std::make_unique<T>();
    }
  }
  sim::Host& host_;
  std::unique_ptr<Peer> inside_;
};

template <class T>
void arrives_by_tls_and_is_not_told_to_a_stranger(const char* name) {
  Kind kind = observe::kind<BehindTls<T>>(name);
  OutputWorld world(kind);
  world.serve();
  world.open();  // the system's roots: they know nothing of this authority
  world.accept(2);
  world.simulation.run_for(10s);
  EXPECT_EQ(world.queue().waiting(), 2u) << name;
  world.kill();
  world.authorities = client_context();
  world.open();
  world.accept(3);
  ASSERT_TRUE(world.drained()) << name << ": " << world.queue().trouble();
  EXPECT_EQ(static_cast<BehindTls<T>&>(*world.peer).inside().received, world.sent) << name;
  EXPECT_EQ(world.queue().counters().unconfirmed, 0u) << name;
}

TEST(OutputsTls, each_kind_of_connection) {
  arrives_by_tls_and_is_not_told_to_a_stranger<GraphitePeer>("graphite");
  arrives_by_tls_and_is_not_told_to_a_stranger<RiemannPeer>("riemann");
  arrives_by_tls_and_is_not_told_to_a_stranger<WebhookPeer>("webhook");
}

}  // namespace
}  // namespace berth::observe
