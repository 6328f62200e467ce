#include <cstdint>

#include "app/keys.h"
#include "app/terminal.h"
#include "base/check.h"

/// What services print never commands a terminal, and no line is wider than asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using namespace berth::app;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string safe = printable(text);
  for (std::size_t i = 0; i < safe.size(); ++i) {
    auto byte = static_cast<unsigned char>(safe[i]);
    berth::check(byte >= 0x20 && byte != 0x7f, "a control character is left");
    bool second = byte == 0xc2 && i + 1 < safe.size() &&
                  static_cast<unsigned char>(safe[i + 1]) < 0xa0 &&
                  static_cast<unsigned char>(safe[i + 1]) >= 0x80;
    berth::check(!second, "a control character of two bytes is left");
  }
  std::size_t columns = data[0];
  berth::check(shown_width(cut(text, columns)) <= columns, "a cut text is too wide");
  berth::check(keys_of(text).size() <= text.size(), "more keys than bytes");
  return 0;
}
