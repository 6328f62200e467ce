#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "async/clock.h"
#include "async/network.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/wait_list.h"
#include "base/log.h"
#include "tls/context.h"

namespace berth::tls {

struct ListenerOptions {
  /// Handshakes under way, and done ones that nobody has accepted yet; those beyond wait in the
  /// kernel's backlog, until one ends or its `handshake_timeout` is over.
  std::size_t handshakes_max = 1024;
};

/// A Listener whose connections come with TLS: http::Server and serve() take it as any other.
/// Handshakes go side by side, and connections are handed out in the order in which theirs end. One
/// that fails is counted, and told in words in the log: one line a second, which says how many went
/// untold. Closing or destroying it resets what nobody has accepted. `clock` outlives it; its
/// streams may too.
class Listener final : public berth::Listener {
 public:
  Listener(ServerContext context, Clock& clock, std::unique_ptr<berth::Listener> below,
           Log log = {}, ListenerOptions options = {});
  ~Listener() override { close(); }

  Deferred<std::unique_ptr<ByteStream>> accept() override;
  Address address() const override { return below_->address(); }
  void close() override;

  /// Replace or reload it to change certificates.
  ServerContext& context() { return context_; }
  std::uint64_t handshakes_failed() const { return failed_; }

 private:
  struct Secured {
    Semaphore::Permit permit;
    std::unique_ptr<ByteStream> stream;
  };

  void end(Error error);
  Deferred<void> accept_all();
  Deferred<void> shake_hands(Semaphore::Permit permit, std::unique_ptr<ByteStream> stream);
  void tell(const Error& error);

  ServerContext context_;
  Clock& clock_;
  std::unique_ptr<berth::Listener> below_;
  Log log_;
  Semaphore room_;
  WaitList<std::unique_ptr<ByteStream>> waiting_;
  std::deque<Secured> secured_;
  std::optional<Error> ended_;  // nothing comes any more
  std::uint64_t failed_ = 0;
  std::uint64_t untold_ = 0;
  MonotonicTime tell_after_{};
  Scope works_;  // accept_all and the handshakes
};

}  // namespace berth::tls
