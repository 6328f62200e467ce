#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "async/sync.h"
#include "http/body.h"
#include "http/h2_head.h"
#include "http/pace.h"
#include "http/server_message.h"
#include "http/server_options.h"

namespace berth::http {

class H2Conversation;

/// One request and its answer on a server's HTTP/2 connection, owned by the H2Conversation. Ends
/// when the work of answering it has ended and nghttp2 has closed the stream.
///
///   head -> answered by the handler -> answer submitted -> body sent -> closed
///              | closed by the peer: the handler is cancelled ----------^
///
/// As a BodySource it is the request's content: what the handler does not read stays unacknowledged
/// and the peer stops at the stream's window. The answer's body is asked for part by part, as the
/// peer's window takes it.
class H2Stream final : public BodySource, ReadyNode {
 public:
  H2Stream(H2Conversation& conversation, std::int32_t id, const ServerOptions& options)
      : head(options.head),
        conversation_(conversation),
        id_(id),
        content_pace_(options.rate_grace),
        answer_pace_(Pace::of_answers(options.rate_grace)) {}
  H2Stream(const H2Stream&) = delete;
  ~H2Stream() override = default;

  std::int32_t id() const { return id_; }
  bool working() const { return work_.valid(); }
  bool closed() const { return closed_; }
  bool remote_ended() const { return remote_ended_; }
  /// True while the peer's window keeps what is there to be sent.
  bool stalled() const { return !out_.empty(); }

  /// The work of answering; cancelled when the stream is closed.
  void begin(Deferred<void> work);
  void cancel() { work_.cancel(); }
  /// nghttp2 has closed it: the peer's reset, or both sides have ended.
  void close();

  // The request's content, as it comes in.
  void take(Bytes part);
  void end_content();
  Deferred<Bytes> read() override;
  /// What was not read, in bytes: nobody will.
  std::size_t drop_unread();
  std::vector<std::pair<std::string, std::string>> trailers() override;

  // The answer's content, as it goes out.
  /// All of the content, or its beginning.
  void give(Bytes part, bool last);
  /// Sends what `source` yields to its end.
  Deferred<void> send(BodySource& source);
  /// Resolves once the peer's window has taken what was given, or the stream is closed; timed_out
  /// where it takes it too slowly.
  Deferred<void> all_taken();
  bool too_slow() const { return too_slow_; }
  struct Sent {
    std::size_t bytes = 0;  // 0, and not the end: nothing is there now
    bool end = false;
  };
  Sent take_out(char* to, std::size_t bytes_max);

  H2HeadBuilder head;
  ServerRequest request;
  std::vector<std::pair<std::string, std::string>> trailers_in;
  std::vector<std::pair<std::string, std::string>> trailers_out;
  bool continue_wanted = false;

 private:
  void run() override;
  /// Something of the content has come, or its end; timed_out where it comes too slowly.
  Deferred<void> content_comes();

  H2Conversation& conversation_;
  std::int32_t id_;
  Deferred<void> work_;
  bool closed_ = false;
  Pace content_pace_;
  Pace answer_pace_;
  bool too_slow_ = false;  // the peer takes the answer

  std::deque<Bytes> in_;
  std::string in_small_;  // what came behind `in_` in small pieces
  std::size_t unread_ = 0;
  bool lost_ = false;  // something of it will never be read
  bool remote_ended_ = false;
  Event arrived_;

  Bytes out_;
  bool out_last_ = false;
  Event taken_;
};

}  // namespace berth::http
