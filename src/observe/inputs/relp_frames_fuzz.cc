#include "base/check.h"
#include "observe/inputs/relp_frames.h"

// The same bytes at once and one by one give the same frames, or both none.

namespace {

using namespace berth::observe;

std::string frames_of(std::string_view text, std::size_t step) {
  RelpFrames frames(64);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    frames.feed(text.substr(at, step));
    for (;;) {
      auto frame = frames.next();
      if (!frame.ok()) return out + "!";
      if (!*frame) break;
      berth::check((*frame)->data.size() <= 64, "more was kept than may be");
      append_relp(out, (*frame)->number, (*frame)->command, (*frame)->data);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string whole = frames_of(text, text.size() + 1);
  std::string pieces = frames_of(text, 1);
  if (!whole.ends_with('!') && !pieces.ends_with('!')) {
    berth::check(whole == pieces, "frames depend on how the bytes came");
  }
  return 0;
}
