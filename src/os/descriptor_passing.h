#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "os/reactor.h"

namespace berth::os {

/// A message of text with descriptors beside it (SCM_RIGHTS), as passed between processes of one
/// host.
struct PassedMessage {
  std::string text;
  std::vector<Descriptor> descriptors;
};

/// Sends on a connected Unix seqpacket socket; at most 200 descriptors, 64 KiB of text. Does not
/// wait.
Result<void> pass(int socket, const std::string& text, const std::vector<int>& descriptors);
/// Receives one message without waiting: overloaded if none is there, closed at the peer's end.
Result<PassedMessage> take_passed(int socket);

/// One end of such a connection on a Reactor: the next message as a Deferred.
class PassingSocket final : Watched {
 public:
  static Result<std::unique_ptr<PassingSocket>> connect(Reactor& reactor, const std::string& path);
  static Result<std::unique_ptr<PassingSocket>> adopt(Reactor& reactor, Descriptor fd);
  ~PassingSocket();
  Result<void> send(const std::string& text, const std::vector<int>& descriptors = {}) {
    return pass(fd_.get(), text, descriptors);
  }
  /// closed once the peer is gone.
  Deferred<PassedMessage> receive();

 private:
  PassingSocket(Reactor& reactor, Descriptor fd) : reactor_(reactor), fd_(std::move(fd)) {}
  void on_events(std::uint32_t) override;

  Reactor& reactor_;
  Descriptor fd_;
  bool readable_ = true;
  std::unique_ptr<Promise<PassedMessage>> waiting_;
};

/// A listening Unix seqpacket socket whose connections are PassingSockets.
class PassingListener final : Watched {
 public:
  static Result<std::unique_ptr<PassingListener>> listen(Reactor& reactor, const std::string& path);
  ~PassingListener();
  Deferred<std::unique_ptr<PassingSocket>> accept();

 private:
  PassingListener(Reactor& reactor, Descriptor fd) : reactor_(reactor), fd_(std::move(fd)) {}
  void on_events(std::uint32_t) override;

  Reactor& reactor_;
  Descriptor fd_;
  std::unique_ptr<Promise<std::unique_ptr<PassingSocket>>> waiting_;
};

}  // namespace berth::os
