#include "http/h2_server_stream.h"

#include <tuple>
#include <utility>

#include "http/h2_conversation.h"

namespace berth::http {

H2ServerStream::H2ServerStream(H2Conversation& conversation, std::int32_t id,
                               const HeadLimits& limits)
    : H2Stream(conversation, id), head(limits), conversation_(conversation) {}

void H2ServerStream::begin(Deferred<void> work) {
  work_ = std::move(work);
  work_.wait(*this);
  if (closed()) work_.cancel();
}

void H2ServerStream::run() {
  std::ignore = work_.take();
  conversation_.ended(*this);
}

void H2ServerStream::close() {
  end_both_ways();
  work_.cancel();
}

Deferred<Bytes> H2ServerStream::read() {
  if (std::exchange(continue_wanted, false) && !remote_ended()) {
    conversation_.ask_for_content(*this);
  }
  return H2Stream::read();
}

}  // namespace berth::http
