#include "observe/outputs/riemann_output.h"

#include "observe/streams/riemann_message.h"
#include "observe/streams/wire.h"
#include "tls/endpoint.h"

namespace berth::observe {

Result<std::optional<RiemannAnswer>> take_riemann_answer(std::string_view& text,
                                                         std::size_t bytes_max) {
  using streams::WireReader;
  if (text.size() < 4) return std::optional<RiemannAnswer>();
  std::size_t size = 0;
  for (char c : text.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(c);
  if (size > bytes_max) return Error(Code::invalid, "the answer is too long for one of Riemann's");
  if (text.size() < 4 + size) return std::optional<RiemannAnswer>();
  RiemannAnswer out;
  WireReader reader(text.substr(4, size));
  while (reader.next()) {
    if (reader.is(2, WireReader::Type::varint)) {
      out.ok = reader.varint() != 0;
    } else if (reader.is(3, WireReader::Type::bytes)) {
      out.error = reader.bytes();
    } else {
      reader.skip();
    }
  }
  if (!reader.good()) return Error(Code::invalid, "the answer is no message of Riemann's");
  text.remove_prefix(4 + size);
  return std::optional(std::move(out));
}

Deferred<RiemannAnswer> RiemannOutput::answer(ByteStream& stream) {
  std::string held;
  for (;;) {
    Bytes bytes = co_await stream.read();
    if (bytes.empty()) {
      co_return Error(Code::reset, "the connection ended before the acknowledgement");
    }
    held += bytes.view();
    std::string_view text = held;
    auto taken = co_await or_return(take_riemann_answer(text));
    if (!taken) continue;
    if (!text.empty()) co_return Error(Code::invalid, "more was answered than was asked");
    co_return std::move(*taken);
  }
}

Deferred<Attempt> RiemannOutput::send(std::span<const Event> events, std::string) {
  std::vector<const Event*> pointers;
  for (auto& event : events) pointers.push_back(&event);
  std::string text;
  streams::append_riemann_message(text, pointers);
  auto stream = std::move(stream_);
  if (!stream || stream->broken()) stream = co_await tls::connect(world_, context_, place_);
  co_await stream->write(Bytes::copy(text));
  RiemannAnswer answered = co_await answer(*stream);
  stream_ = std::move(stream);
  if (!answered.ok) {
    std::string reason = answered.error.empty() ? "Riemann did not take it" : answered.error;
    co_return Attempt::refused(events.size(), std::move(reason));
  }
  co_return Attempt::taken(events.size());
}

}  // namespace berth::observe
