#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "sim/simulation.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"
#include "tls/stream.h"

namespace berth::tls {

using StreamPointer = std::unique_ptr<ByteStream>;

/// A client and a server on two simulated hosts, before and after their handshake.
struct PairTest : ::testing::Test {
  static constexpr const char* host = "a.example";

  static const Authority& authority() {
    static Authority made;
    return made;
  }
  static const CertificatePem& certificate() {
    static CertificatePem made = authority().issue_for("DNS:a.example,DNS:*.b.example,IP:10.0.0.1");
    return made;
  }

  PairTest() {
    server_options.certificates = {certificate()};
    client_options.authorities = authority().pem();
  }
  static void SetUpTestSuite() { certificate(); }

  ServerContext server_context() { return ServerContext::make(server_options).value(); }
  ClientContext client_context() { return ClientContext::make(client_options).value(); }

  struct Raw {
    StreamPointer client;
    StreamPointer server;
  };
  Raw connect() {
    auto listener = server_host.network.listen(server_host.address(443)).value();
    auto client = client_host.network.connect(listener->address());
    auto server = run(listener->accept()).value();
    return {run(std::move(client)).value(), std::move(server)};
  }
  struct Outcome {
    Result<StreamPointer> client;
    Result<StreamPointer> server;
    Stream& client_stream() { return static_cast<Stream&>(*client.value()); }
    Stream& server_stream() { return static_cast<Stream&>(*server.value()); }
  };
  /// A handshake over `raw`. A side that fails closes its connection at once.
  Outcome shake(ServerContext server, ClientContext client, std::string name, Raw raw) {
    auto accepting = accept(server, server_host.clock, std::move(raw.server));
    auto connecting =
        tls::connect(client, client_host.clock, std::move(raw.client), std::move(name));
    auto connected = run(std::move(connecting));
    auto accepted = run(std::move(accepting));
    return {std::move(connected), std::move(accepted)};
  }
  Outcome shake(ServerContext server, ClientContext client, std::string name = host) {
    return shake(std::move(server), std::move(client), std::move(name), connect());
  }
  Outcome shake() { return shake(server_context(), client_context()); }

  template <class T>
  Result<T> run(Deferred<T> work, Duration limit = 10min) {
    return simulation.run(std::move(work), limit);
  }
  /// What arrives of `text` that one end sends; proves that the connection is whole.
  std::string pass(ByteStream& from, ByteStream& to, std::string text) {
    auto written = from.write(Bytes::copy(text));
    std::string got;
    while (got.size() < text.size()) {
      auto part = run(to.read());
      if (!part.ok()) return part.error().text();
      if (part->empty()) return got + " and an end";
      got += part->view();
    }
    run(std::move(written)).value();
    return got;
  }

  sim::Simulation simulation{7};
  sim::Host& server_host = simulation.add_host("server");
  sim::Host& client_host = simulation.add_host("client");
  ServerOptions server_options;
  ClientOptions client_options;
};

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace berth::tls
