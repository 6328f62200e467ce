#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/network.h"
#include "async/world.h"
#include "base/endpoint.h"
#include "observe/outputs/output.h"
#include "tls/context.h"

namespace berth::observe {

/// What Riemann answers to a message (riemann proto.proto, Msg).
struct RiemannAnswer {
  bool ok = false;
  std::string error;
};
/// Takes an answer with its length from the front. Nothing: more must come. invalid: it is none, or
/// longer than `bytes_max`.
Result<std::optional<RiemannAnswer>> take_riemann_answer(std::string_view& text,
                                                         std::size_t bytes_max = 1 << 20);

/// A Riemann server over TCP or TLS: a message a batch on a connection that is kept, taken once it
/// is acknowledged. A message that is answered with an error is refused.
class RiemannOutput final : public Output {
 public:
  RiemannOutput(World& world, tls::ClientContext context, Endpoint place)
      : world_(world), context_(std::move(context)), place_(std::move(place)) {}

  std::size_t batch_max() const override { return 1000; }
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  static Deferred<RiemannAnswer> answer(ByteStream& stream);

  World& world_;
  tls::ClientContext context_;
  const Endpoint place_;
  std::unique_ptr<ByteStream> stream_;  // no message is under way on it
};

}  // namespace berth::observe
