#include <string>

#include "http/websocket_handshake.h"

// What a server accepts of any offer, a client that offered the like takes as an answer.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::http;
  Headers headers;
  headers.add("sec-websocket-extensions", std::string(reinterpret_cast<const char*>(data), size));
  auto offers = read_websocket_extensions(headers);
  if (!offers.ok()) return 0;
  auto terms = accept_deflate_offer(*offers, true);
  if (!terms) return 0;
  Headers answer;
  answer.add("sec-websocket-extensions", deflate_answer(*terms));
  auto extensions = read_websocket_extensions(answer);
  if (!extensions.ok()) __builtin_trap();
  auto read = read_deflate_answer(*extensions, true, true);
  if (!read.ok() || !*read || (*read)->server_keeps_context != terms->server_keeps_context) {
    __builtin_trap();
  }
  return 0;
}
