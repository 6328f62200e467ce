#include "observe/outputs/line_peer.h"

#include "async/clock.h"
#include "tls/endpoint.h"

namespace berth::observe {

Deferred<void> LinePeer::read_to_end(ByteStream& stream) {
  std::size_t read = 0;
  for (;;) {
    Bytes bytes = co_await stream.read();
    if (bytes.empty()) co_return;
    read += bytes.size();
    if (read > answer_bytes_max) {
      co_await fail_with(Error(Code::invalid, "the peer sends what nobody asked for"));
    }
  }
}

Deferred<Attempt> LinePeer::send(std::string text, std::size_t count) {
  auto stream = co_await tls::connect(world_, context_, place_);
  co_await stream->write(Bytes::copy(text));
  auto ended = co_await stream->shutdown_write().result();
  Result<void> end = ended;
  if (ended.ok()) {
    end = co_await with_timeout(world_.clock, end_timeout, read_to_end(*stream)).result();
  }
  if (!end.ok() && end.error().is(Code::cancelled)) co_await fail_with(std::move(end).error());
  Attempt made = Attempt::taken(count);
  if (end.ok()) co_return made;
  made.confirmed = false;
  bool silent = end.error().is(Code::timed_out);
  bool cut_behind_tls = place_.secured && ended.ok() && end.error().is(Code::reset);
  if (silent || cut_behind_tls) co_return made;
  co_return Attempt::again(count,
                           std::move(end).error().during("sending to " + place_.text()).text());
}

}  // namespace berth::observe
