#include <string>
#include <vector>

#include "http/websocket_decoder.h"

namespace {

using namespace berth;
using namespace berth::http;

struct Outcome {
  std::vector<std::string> events;
  int fault = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view text, std::size_t cut, WebSocketSide side, bool deflate) {
  std::optional<DeflateTerms> terms;
  if (deflate) terms = DeflateTerms{true, true};
  WebSocketLimits limits{.frame_bytes_max = 4000, .message_bytes_max = 20000};
  WebSocketDecoder decoder(side, terms, limits);
  Outcome outcome;
  for (std::string_view part : {text.substr(0, cut), text.substr(cut)}) {
    decoder.feed(Bytes::copy(part));
    for (;;) {
      auto event = decoder.next();
      if (!event.ok()) {
        outcome.fault = decoder.fault_code();
        return outcome;
      }
      if (!*event) break;
      if ((*event)->payload.size() > limits.message_bytes_max) __builtin_trap();
      outcome.events.push_back(std::to_string(static_cast<int>((*event)->opcode)) +
                               (*event)->payload);
    }
  }
  return outcome;
}

}  // namespace

// The first byte chooses side, compression and where the input is cut: any cut gives the same.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto side = data[0] & 1 ? WebSocketSide::client : WebSocketSide::server;
  bool deflate = data[0] & 2;
  std::size_t cut = text.size() * (data[0] >> 2) / 64;
  if (decode(text, cut, side, deflate) != decode(text, text.size(), side, deflate)) {
    __builtin_trap();
  }
  return 0;
}
