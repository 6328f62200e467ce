#include "http/h1_content.h"

#include <string>
#include <utility>

namespace berth::http {

Deferred<Bytes> H1Content::read() {
  if (std::exchange(continue_wanted_, false)) return ask();
  auto part = reader_.body();
  bool unlimited = options_.receive_bytes_per_second_min == 0 || request_.slow_content_allowed;
  if (unlimited || !part.pending()) return part;
  return read_paced(std::move(part));
}

Deferred<Bytes> H1Content::ask() {
  co_await stream_.write(Bytes::literal("HTTP/1.1 100 Continue\r\n\r\n"));
  co_return co_await read();
}

Deferred<Bytes> H1Content::read_paced(Deferred<Bytes> part) {
  auto begun = clock_.now();
  auto rate = options_.receive_bytes_per_second_min;
  auto got = co_await with_timeout(clock_, pace_.left(), std::move(part)).result();
  if (got.ok()) {
    pace_.add(clock_.now() - begun, got->size(), rate);
  } else if (got.error().is(Code::timed_out)) {
    request_.content_fault = 408;
    co_return Error(Code::timed_out,
                    "the content came at less than " + std::to_string(rate) + " bytes a second");
  }
  co_return std::move(got);
}

}  // namespace berth::http
