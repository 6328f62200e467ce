#include "async/network_suite.h"
#include "os/real_suite.h"
#include "sim/simulated_suite.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"
#include "tls/listener.h"

namespace berth {

// What network.h promises holds with TLS in between.

namespace tls {
namespace {

const std::string host = "berth.example";

const Authority& authority() {
  static Authority made;
  return made;
}

class SecuredNetwork final : public Network {
 public:
  SecuredNetwork(Network& below, Clock& clock) : below_(below), clock_(clock) {
    ServerOptions options;
    options.certificates = {authority().issue_for("DNS:" + host)};
    server_.emplace(ServerContext::make(std::move(options)).value());
    client_.emplace(ClientContext::make({.authorities = authority().pem()}).value());
  }
  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override {
    return below_.connect(peer).then([this](std::unique_ptr<ByteStream> stream) {
      return tls::connect(*client_, clock_, std::move(stream), host);
    });
  }
  Result<std::unique_ptr<berth::Listener>> listen(const Address& address,
                                                  const ListenOptions& options) override {
    auto below = TRY(below_.listen(address, options));
    return std::make_unique<Listener>(*server_, clock_, std::move(below));
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override {
    return below_.bind_datagram(address);
  }

 private:
  Network& below_;
  Clock& clock_;
  std::optional<ServerContext> server_;
  std::optional<ClientContext> client_;
};

class SecuredWorld final : public SuiteWorld {
 public:
  explicit SecuredWorld(std::unique_ptr<SuiteWorld> below) : below_(std::move(below)) {}
  World& world() override { return world_; }
  World& other() override { return other_; }
  Address address() override { return below_->address(); }
  Address other_address() override { return below_->other_address(); }
  std::string folder() override { return below_->folder(); }
  std::vector<std::string> program(const std::string& name) override {
    return below_->program(name);
  }
  void turn() override { below_->turn(); }

 private:
  static World over(World& below, Network& network) {
    return {below.clock, network, below.disk, below.process, below.random, below.workers};
  }
  std::unique_ptr<SuiteWorld> below_;
  SecuredNetwork network_{below_->world().network, below_->world().clock};
  SecuredNetwork other_network_{below_->other().network, below_->other().clock};
  World world_ = over(below_->world(), network_);
  World other_ = over(below_->other(), other_network_);
};

std::unique_ptr<SuiteWorld> make_simulated(std::uint64_t seed) {
  return std::make_unique<SecuredWorld>(sim::make_simulated_world(seed));
}
std::unique_ptr<SuiteWorld> make_real(std::uint64_t seed) {
  return std::make_unique<SecuredWorld>(os::make_epoll_world(seed));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Secured, NetworkSuite,
    ::testing::Values(SuiteParameter{make_simulated, 1}, SuiteParameter{make_simulated, 2},
                      SuiteParameter{make_simulated, 3}, SuiteParameter{make_real, 0}),
    [](auto& each) {
      return each.param.seed ? "seed_" + std::to_string(each.param.seed) : std::string("real");
    });

}  // namespace tls
}  // namespace berth
