#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/gather.h"
#include "async/resolver.h"
#include "async/serve.h"
#include "http/client.h"
#include "http/router.h"
#include "http/server.h"
#include "sim/simulation.h"

namespace berth::http {

/// Knows what it was told, after a millisecond.
struct ToldResolver final : Resolver {
  explicit ToldResolver(Clock& clock) : clock(clock) {}
  Deferred<std::vector<Address>> resolve(std::string host, std::uint16_t port) override {
    ++asked;
    co_await clock.after(1ms);
    auto found = names.find(host);
    if (found == names.end()) co_return Error(Code::not_found, "there is no name " + host);
    std::vector<Address> addresses;
    for (auto& each : found->second) addresses.push_back(each.with_port(port));
    co_return addresses;
  }
  Clock& clock;
  std::map<std::string, std::vector<Address>> names;
  int asked = 0;
};

/// Gives its parts as they are, and in the end an error if it is to.
struct PartsSource final : BodySource {
  explicit PartsSource(std::vector<std::string> parts) : parts(std::move(parts)) {}
  Deferred<Bytes> read() override {
    if (next == parts.size()) {
      return fails ? failed<Bytes>(Error(Code::io, "the source is broken")) : ready(Bytes());
    }
    return ready(Bytes::copy(parts[next++]));
  }
  std::vector<std::string> parts;
  std::size_t next = 0;
  bool fails = false;
};

/// A stream on which `protocol` was agreed.
class Agreed final : public ByteStream {
 public:
  Agreed(std::unique_ptr<ByteStream> below, std::string protocol)
      : below_(std::move(below)), protocol_(std::move(protocol)) {}
  Deferred<Bytes> read(std::size_t bytes_max) override { return below_->read(bytes_max); }
  Deferred<void> write(BytesList bytes) override { return below_->write(std::move(bytes)); }
  Deferred<void> shutdown_write() override { return below_->shutdown_write(); }
  void close() override { below_->close(); }
  void abort() override { below_->abort(); }
  Address local_address() const override { return below_->local_address(); }
  Address peer_address() const override { return below_->peer_address(); }
  bool broken() const override { return below_->broken(); }
  std::string_view protocol() const override { return protocol_; }

 private:
  std::unique_ptr<ByteStream> below_;
  std::string protocol_;
};

/// A client's host and a server's, with a server of ours on port 80, and a proxy on port 3128 that
/// knows CONNECT alone.
struct SimulatedWeb : ::testing::Test {
  sim::Simulation simulation{7};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  Router router;
  std::vector<std::string> targets;  // as the server saw them
  Server server{there.clock, [this](ServerRequest& request) {
                  targets.push_back(std::string(request.head.method) + " " +
                                    std::string(request.head.authority) +
                                    std::string(request.head.target));
                  return router.route(request);
                }};
  Address address = there.address(80);
  ToldResolver resolver{here.clock};
  std::unique_ptr<Listener> proxy_listener;
  std::string proxy_heads;
  std::string proxy_status = "200 fine";
  Deferred<void> proxy;
  int secured = 0;
  std::vector<std::vector<std::string>> offers;  // of protocols, one for each that was secured

  SimulatedWeb() {
    resolver.names["users"] = {there.address(0)};
    server.serve(there.network.listen(address).value());
    proxy_listener = there.network.listen(there.address(3128)).value();
    proxy = serve(*proxy_listener,
                  [this](std::unique_ptr<ByteStream> stream) { return tunnel(std::move(stream)); });
    answer("GET", "/", "hello");
  }

  template <class T>
  Result<T> run(Deferred<T> work) {
    return simulation.run(std::move(work));
  }
  void answer(const std::string& method, const std::string& path, const std::string& text) {
    router.add(method, path, [text](ServerRequest&) { return ready(ServerResponse::text(text)); });
  }
  /// A route that answers only after `wait`.
  void answer_late(const std::string& path, Duration wait) {
    router.add("GET", path, [this, wait](ServerRequest&) -> Deferred<ServerResponse> {
      co_await there.clock.after(wait);
      co_return ServerResponse::text("late");
    });
  }
  /// Stands for TLS: takes a while, changes nothing but what was agreed upon.
  Secure no_tls(std::string protocol = "") {
    return [this, protocol](std::unique_ptr<ByteStream> stream, std::string host,
                            std::vector<std::string> offered) {
      offers.push_back(std::move(offered));
      return secure(std::move(stream), std::move(host), protocol);
    };
  }
  Deferred<std::unique_ptr<ByteStream>> secure(std::unique_ptr<ByteStream> stream, std::string host,
                                               std::string protocol) {
    co_await here.clock.after(1ms);
    if (host == "wrong") co_return Error(Code::denied, "the certificate is for another host");
    ++secured;
    co_return std::make_unique<Agreed>(std::move(stream), protocol);
  }

  static Deferred<void> copy(ByteStream& from, ByteStream& to) {
    for (;;) {
      Bytes part = co_await from.read();
      if (part.empty()) break;
      co_await to.write(std::move(part));
    }
    co_await to.shutdown_write();
  }
  Deferred<void> tunnel(std::unique_ptr<ByteStream> stream) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      Bytes part = co_await stream->read(1);
      if (part.empty()) co_return;
      head += part.view();
    }
    proxy_heads += head;
    co_await stream->write(Bytes::copy("HTTP/1.1 " + proxy_status + "\r\n\r\n"));
    if (!proxy_status.starts_with("200")) co_return;
    auto origin = co_await there.network.connect(address);
    co_await gather_results(together(copy(*stream, *origin), copy(*origin, *stream)));
  }
};

}  // namespace berth::http
