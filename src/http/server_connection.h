#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "async/network.h"
#include "http/client_counts.h"

namespace berth::http {

/// One connection of a Server from its accept to its end, whether a coroutine talks on it or it is
/// parked. Counted in `open` and among its client's as long as it lives.
class ServerConnection {
 public:
  ServerConnection(std::unique_ptr<ByteStream> of, std::size_t& open, ClientCounts& clients)
      : stream(std::move(of)), client(clients, stream->peer_address()), open_(&open) {
    ++open;
  }
  ServerConnection(ServerConnection&& other) noexcept
      : stream(std::move(other.stream)),
        client(std::move(other.client)),
        asked(other.asked),
        open_(std::exchange(other.open_, nullptr)) {}
  ~ServerConnection() {
    if (open_) --*open_;
  }

  std::unique_ptr<ByteStream> stream;
  ClientCounts::Counted client;
  std::uint64_t asked = 0;  // requests so far

 private:
  std::size_t* open_;
};

}  // namespace berth::http
