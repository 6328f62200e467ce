#include "app/output.h"

#include <cstdio>
#include <cstdlib>

#include "os/terminal_io.h"

namespace berth::app {
namespace {

void write_to(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

bool colours_wanted() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (!no_color || *no_color == 0) && !(term && std::string_view(term) == "dumb");
}

}  // namespace

Output standard_output() {
  Output output;
  output.out = [](std::string_view text) { write_to(stdout, text); };
  output.err = [](std::string_view text) { write_to(stderr, text); };
  output.to_terminal = os::is_terminal(1);
  output.style.colour = output.to_terminal && colours_wanted();
  output.style.columns = output.to_terminal ? os::terminal_size().columns : 100;
  return output;
}

}  // namespace berth::app
