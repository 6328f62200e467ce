#pragma once

#include "http/h2_head.h"
#include "http/h2_stream.h"
#include "http/pace.h"
#include "http/server_message.h"
#include "http/server_options.h"

namespace berth::http {

class H2Conversation;

/// One request and its answer on a server's HTTP/2 connection, owned by the H2Conversation. Ends
/// when the work of answering it has ended and nghttp2 has closed the stream. Its content is that
/// of the request.
///
///   head -> answered by the handler -> answer submitted -> body sent -> closed
///              | closed by the peer: the handler is cancelled ----------^
///              | became a tunnel: both halves end, or it is reset ------^
class H2ServerStream final : public H2Stream, ReadyNode {
 public:
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  H2ServerStream(H2Conversation& conversation, std::int32_t id, const ServerOptions& options);

  bool working() const { return work_.valid(); }
  /// The work of answering; cancelled when the stream is closed.
  void begin(Deferred<void> work);
  void cancel() { work_.cancel(); }
  /// nghttp2 has closed it: the peer's reset, or both sides have ended.
  void close();
  /// The connection has ended, and what goes on over a tunnel hears of it.
  void lose();
  /// Asks for the content first, where the client waits for that.
  Deferred<Bytes> read() override;
  /// timed_out where the peer takes the answer too slowly.
  Deferred<void> taken() override;
  bool too_slow() const { return too_slow_; }

  H2RequestHeadBuilder head;
  ServerRequest request;
  bool continue_wanted = false;

 private:
  void run() override;
  /// timed_out where the content comes too slowly.
  Deferred<void> content_comes() override;

  H2Conversation& conversation_;
  Deferred<void> work_;
  Pace content_pace_;
  Pace answer_pace_;
  bool too_slow_ = false;  // the peer takes the answer
};

}  // namespace berth::http
