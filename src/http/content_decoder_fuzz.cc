#include <cstdint>
#include <string>

#include "base/check.h"
#include "http/content_decoder.h"

// The first byte chooses the coding. Whatever comes, what is decoded stays within the limit, and
// input that comes in two pieces gives what the whole gives.
namespace {

using namespace berth;
using namespace berth::http;

constexpr ExpansionLimit limit{100, 10'000};

bool decode(std::string_view coding, std::string_view first, std::string_view second,
            std::string& all) {
  auto decoder = ContentDecoder::make(coding, limit);
  for (std::string_view piece : {first, second}) {
    decoder->feed(Bytes::copy(piece));
    for (;;) {
      auto part = decoder->next();
      if (!part.ok()) return false;
      if (part->empty()) break;
      all += part->view();
    }
  }
  return decoder->end().ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view coding = data[0] % 2 ? "gzip" : "zstd";
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole;
  std::string split;
  bool good = decode(coding, text, "", whole);
  bool same = decode(coding, text.substr(0, text.size() / 2), text.substr(text.size() / 2), split);
  check(whole.size() <=
            limit.free_bytes + limit.ratio_max * text.size() + ContentDecoder::piece_bytes_max,
        "more was decoded than the limit allows");
  check(!good || !same || whole == split, "two pieces give something else than the whole");
  return 0;
}
