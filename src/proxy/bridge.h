#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "async/frame_pool.h"
#include "async/network.h"
#include "async/random.h"
#include "async/wait_list.h"
#include "http/server_message.h"

namespace berth::proxy {

/// A request of HTTP/2 as a Session reads and answers it: the bytes of HTTP/1.1 in memory, pushed
/// back both ways. One end is the Session's stream, the other asks for the answer's bytes. An
/// extended CONNECT (RFC 8441) is told as the upgrade that it stands for; its bytes are those of
/// the tunnel, once there is one. One reactor; `request` outlives both ends.
class Bridge {
 public:
  static constexpr std::size_t waiting_bytes_max = 64 << 10;  // of the answer

  /// `local`: where the connection came to. The request's head is built in `scratch`.
  Bridge(http::ServerRequest& request, Address local, Random& random, std::string& scratch);

  /// The Session's end; once. The Bridge must be kept by a shared_ptr.
  static std::unique_ptr<ByteStream> session_end(std::shared_ptr<Bridge> bridge);
  /// The next bytes of the answer; empty at its end. Errors: reset, if it was broken off.
  Deferred<Bytes> take();
  /// Some of it has come: take() is ready.
  bool has_come() const { return answer_next_ < answer_.size(); }
  /// What take() would yield, where some has come.
  Bytes take_first();
  /// What the request's stream has become; it outlives the Session.
  void become(ByteStream& tunnel);
  /// Of the upgrade that was asked for.
  const std::string& websocket_key() const { return key_; }
  /// Nothing more comes.
  void end();

 private:
  class End;

  Deferred<Bytes> read(std::size_t bytes_max);
  Deferred<Bytes> read_content();
  Deferred<Bytes> read_tunnel(std::size_t bytes_max);
  Deferred<void> write(BytesList bytes);
  Deferred<void> until_taken();
  Deferred<Bytes> take_later();
  void abort();

  http::ServerRequest& request_;
  Address local_;
  Bytes head_;
  std::string key_;
  bool head_read_ = false;
  bool content_over_ = false;
  bool chunked_ = false;
  ByteStream* tunnel_ = nullptr;
  std::vector<Bytes, FrameAllocator<Bytes>> answer_;
  std::size_t answer_next_ = 0;  // of answer_: those before were taken
  std::size_t answer_bytes_ = 0;
  bool ended_ = false;
  bool broken_ = false;
  WaitList<void> taking_;
  WaitList<void> room_;
  WaitList<void> became_;
};

}  // namespace berth::proxy
