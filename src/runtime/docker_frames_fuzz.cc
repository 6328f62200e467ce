#include <string_view>

#include "runtime/docker_frames.h"
#include "runtime/log_path.h"

// However the bytes of a log are cut, the same lines come out, none above its bound.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::runtime;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  DockerFrames whole;
  DockerFrames split;
  std::vector<DockerLine> one;
  std::vector<DockerLine> two;
  bool good = whole.take(bytes, one).ok();
  std::size_t cut = size ? data[0] % size : 0;
  bool good_split =
      split.take(bytes.substr(0, cut), two).ok() && split.take(bytes.substr(cut), two).ok();
  if (good != good_split || one.size() != two.size()) __builtin_trap();
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (one[i].text != two[i].text || one[i].time != two[i].time) __builtin_trap();
    if (one[i].text.size() > log_line_bytes_max) __builtin_trap();
  }
  return 0;
}
