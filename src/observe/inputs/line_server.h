#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "base/log.h"

namespace berth::observe {

/// Takes lines of TCP connections and lines of datagrams and hands each, without its end, to the
/// sink. After what has come together of a connection `settle` is waited for before more is read,
/// which slows its sender; a connection whose settling fails is ended. A line beyond
/// `line_bytes_max` is left out and counted. Belongs to one reactor.
class LineServer {
 public:
  using Sink = std::function<void(std::string_view)>;
  using Settle = std::function<Deferred<void>()>;
  struct Limits {
    std::size_t line_bytes_max = 16 << 10;
    std::size_t connections_max = 1000;
  };

  LineServer(Sink sink, Settle settle, Limits limits)
      : sink_(std::move(sink)), settle_(std::move(settle)), limits_(limits) {}

  void serve(std::unique_ptr<Listener> listener);
  void serve(std::unique_ptr<DatagramSocket> socket);
  /// Datagrams that the kernel dropped, because they came faster than they were read.
  std::uint64_t lost_datagrams() const { return lost_by(sockets_); }
  Deferred<void> close();
  std::uint64_t too_long() const { return too_long_; }

 private:
  Deferred<void> receive_all(DatagramSocket& socket);
  Deferred<void> converse(std::unique_ptr<ByteStream> stream);
  void take(std::string_view line);

  Sink sink_;
  Settle settle_;
  const Limits limits_;
  std::uint64_t too_long_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<DatagramSocket>> sockets_;
  Scope scope_;
};

}  // namespace berth::observe
