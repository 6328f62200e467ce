#include "app/other_terminal.h"

#include <cstdlib>

#include "base/strings.h"
#include "os/host.h"

namespace berth::app {
namespace {

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (auto folder : split(path ? path : "", ':')) {
    if (os::absolute_path(std::string(folder) + "/berth") == program) return true;
  }
  return false;
}

/// As one word of a shell.
std::string word(const std::string& path) {
  if (path.find_first_of(" '\"$`\\!*?[](){}<>|&;~#\t\n") == path.npos) return path;
  std::string out = "'";
  for (char c : path) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string other_terminal_needs(const std::string& folder) {
  std::string program = os::own_program();
  if (!is_in_path(program)) return "alias berth=" + word(word(program) + " -C " + word(folder));
  const char* home = std::getenv("HOME");
  std::string below = home && *home ? std::string(home) + "/" : "";
  if (!below.empty() && folder.starts_with(below))
    return "cd ~/" + word(folder.substr(below.size()));
  return "cd " + word(folder);
}

}  // namespace berth::app
