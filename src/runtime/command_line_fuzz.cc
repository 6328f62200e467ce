#include <string_view>
#include <tuple>

#include "runtime/command_line.h"
#include "runtime/ignore_rules.h"
#include "runtime/log_files.h"

// What a system file, a .dockerignore and a log hold: lines of anybody's making.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::runtime;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto words = command_arguments(text);
  if (words.ok() && (words->empty() || (words->size() != 3 && words->at(0) == "/bin/sh" &&
                                        text.find("/bin/sh") == std::string_view::npos))) {
    __builtin_trap();
  }
  if (!words.ok() && !command_program(text).empty()) __builtin_trap();
  std::size_t cut = size ? data[0] % size : 0;
  std::ignore = IgnoreRules::parse(text.substr(0, cut)).ignored(text.substr(cut, 60));
  std::vector<LogLine> lines;
  parse_log_lines(text, "orders/1", lines);
  for (auto& line : lines) {
    if (line.text.size() > size) __builtin_trap();
  }
  return 0;
}
