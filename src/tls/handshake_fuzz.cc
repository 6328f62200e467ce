#include <cstdint>
#include <string>

#include "base/check.h"
#include "tls/authority_suite.h"
#include "tls/context.h"
#include "tls/engine.h"

namespace {

using namespace berth;
using namespace berth::tls;

const ServerContext& context() {
  static Authority authority;
  static ServerContext made = [] {
    ServerOptions options;
    options.certificates = {authority.issue_for("DNS:a.example"),
                            authority.issue_for("DNS:*.b.example")};
    options.alpn = {"h2", "http/1.1"};
    options.client_certificates = ClientCertificates::optional;
    options.client_authorities = authority.pem();
    return ServerContext::make(std::move(options)).value();
  }();
  return made;
}

/// How the server's handshake goes on with these bytes.
std::string outcome(std::string_view first, std::string_view second) {
  auto engine = context().engine({}, {});
  for (std::string_view part : {first, second}) {
    if (!part.empty()) engine->feed(Bytes::copy(part));
    auto progress = engine->handshake();
    check(engine->take_output().size() < 65536, "a handshake answers without end");
    if (!progress.ok()) return progress.error().text();
    check(*progress == Engine::Progress::wants_bytes, "a handshake ended without a secret");
  }
  return "wants more";
}

}  // namespace

// However the bytes of a client are cut, the server comes to the same end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t cut = size ? data[size - 1] % size : 0;
  check(outcome(bytes, "") == outcome(bytes.substr(0, cut), bytes.substr(cut)),
        "the cut of the bytes changed the handshake");
  return 0;
}
