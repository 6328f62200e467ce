#include "observe/parse/core_patterns.h"

#include <array>

// The files come in by .incbin, so that they stay what people read and edit. BERTH_PATTERNS is
// their folder.
#define BERTH_PATTERN_TEXT(name)                                        \
  asm(".section .rodata\n"                                              \
      ".global berth_patterns_" #name "\n.global berth_patterns_" #name \
      "_end\n"                                                          \
      "berth_patterns_" #name ":\n.incbin \"" BERTH_PATTERNS "/" #name  \
      ".grok\"\n"                                                       \
      "berth_patterns_" #name "_end:\n.byte 0\n.previous\n");           \
  extern "C" const char berth_patterns_##name[], berth_patterns_##name##_end[]

BERTH_PATTERN_TEXT(base);
BERTH_PATTERN_TEXT(web);
BERTH_PATTERN_TEXT(aws);
BERTH_PATTERN_TEXT(bacula);
BERTH_PATTERN_TEXT(firewall);
BERTH_PATTERN_TEXT(network);
BERTH_PATTERN_TEXT(nagios);
BERTH_PATTERN_TEXT(program);

namespace berth::observe {

#define BERTH_TEXT_OF(name)                                                           \
  std::string_view {                                                                  \
    berth_patterns_##name,                                                            \
        static_cast<std::size_t>(berth_patterns_##name##_end - berth_patterns_##name) \
  }

std::span<const std::string_view> core_pattern_texts() {
  static const std::array<std::string_view, 8> texts{
      BERTH_TEXT_OF(base),   BERTH_TEXT_OF(web),      BERTH_TEXT_OF(aws),
      BERTH_TEXT_OF(bacula), BERTH_TEXT_OF(firewall), BERTH_TEXT_OF(network),
      BERTH_TEXT_OF(nagios), BERTH_TEXT_OF(program)};
  return texts;
}

}  // namespace berth::observe
