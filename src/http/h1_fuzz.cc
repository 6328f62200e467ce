#include <string>
#include <tuple>

#include "http/h1_parser.h"

// Any split of the input must give what the whole gives.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::http;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t cut = size ? data[0] % size : 0;
  HeadFinder whole;
  HeadFinder split;
  std::size_t end = whole.find(text);
  std::size_t other = split.find(text.substr(0, cut));
  if (other == 0) other = split.find(text);
  if (end != other) __builtin_trap();
  Framing framing{Framing::Kind::chunked, 0};
  if (end > 0) {
    auto request = parse_request(Bytes::copy(text.substr(0, end)));
    if (request.ok() && request->target.empty()) __builtin_trap();
    if (request.ok()) framing = request->framing;
    std::ignore = parse_response(Bytes::copy(text.substr(0, end)), "GET");
  }
  std::string_view body = text.substr(end);
  BodyScanner one(framing);
  BodyScanner two(framing);
  auto nothing = [](std::size_t, std::size_t) {};
  auto a = one.scan(body, nothing);
  auto b = two.scan(body.substr(0, body.size() / 2), nothing);
  if (b.ok() && *b == body.size() / 2) {
    auto c = two.scan(body.substr(*b), nothing);
    if (c.ok() != a.ok() || (a.ok() && *a != *b + *c)) __builtin_trap();
  }
  return 0;
}
