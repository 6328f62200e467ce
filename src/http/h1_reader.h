#pragma once

#include <optional>

#include "async/network.h"
#include "http/h1_parser.h"

namespace berth::http {

/// Reads messages from a stream, one after another: a head, then its body to the end, then the next
/// head. Owned by one side of a connection, like the stream, which outlives it. Bytes that came
/// too early stay for the next message. Errors: those of the parser (invalid, overloaded) and of
/// the stream; reset if the peer ends in the middle; closed if it ends before a head's first byte.
class H1Reader {
 public:
  explicit H1Reader(ByteStream& stream, HeadLimits limits = {})
      : stream_(&stream), limits_(limits) {}

  /// True if the connection begins with `text`; reads no more of it than tells.
  Deferred<bool> begins_with(std::string_view text);
  /// The next request, where it is there already; nothing: add() what more_of_head() brings.
  std::optional<Result<RequestHead>> request_at_hand();
  /// What comes next on the stream. Stands here, so that interrupt() can end it.
  Deferred<Bytes>& more_of_head();
  Deferred<RequestHead> request();
  Deferred<ResponseHead> response(std::string_view method);
  /// The same, where it is there already; nothing: add() more. `method` is what it answers.
  std::optional<Result<ResponseHead>> response_at_hand(std::string_view method);
  /// Adds what was read of the stream to what is there already; empty: the peer's end.
  Result<void> add(Bytes more);
  /// The next part of the body's content; empty at its end.
  Deferred<Bytes> body();
  /// The same, where it is there already.
  std::optional<Result<Bytes>> body_at_hand();
  /// The next part of the body as it stands on the wire, to be passed on; empty at its end.
  Deferred<Bytes> raw_body();
  bool body_done() const { return scanner_.done(); }
  /// True if bytes of a next message have come already.
  bool buffered() const { return !pending_.empty(); }
  /// What was received beyond the present message: for who takes over the stream.
  Bytes take_buffered() { return std::exchange(pending_, Bytes()); }
  /// What was received before, by who gave over the stream.
  void put_back(Bytes early) { pending_ = std::move(early); }
  /// If more_of_head() or begins_with() waits for the stream it answers cancelled, and true is
  /// returned.
  bool interrupt();

 private:
  Deferred<Bytes> body_later();
  /// What is content of what is there already, at most one part; may be empty.
  Result<Bytes> scan_part();
  /// Takes the head from what is there already; empty: not complete.
  Result<Bytes> buffered_head();

  ByteStream* stream_;
  HeadLimits limits_;
  HeadFinder finder_;
  BodyScanner scanner_;
  Bytes pending_;
  bool pending_is_copy_ = false;  // not a piece of what the stream received into
  Deferred<Bytes> reading_;
};

}  // namespace berth::http
