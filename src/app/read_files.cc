#include "app/read_files.h"

#include <cstdio>

#include "app/exit_code.h"
#include "base/strings.h"
#include "os/host.h"

namespace berth::app {

Result<std::string> ReadFiles::read(const std::string& path) {
  paths.push_back(path);
  std::string text = TRY(os::read_small_file(path));
  if (text.size() > bytes_max) return Error(Code::overloaded, path + " is too long");
  return text;
}

int tell_faults(std::string_view who, const Error& error) {
  std::string text = error.text();
  for (auto line : split(text, '\n')) {
    std::fprintf(stderr, "berth %.*s: %.*s\n", static_cast<int>(who.size()), who.data(),
                 static_cast<int>(line.size()), line.data());
  }
  return exit_failed;
}

void log_faults(const Log& log, const std::string& path, const Error& error) {
  log.error("the file is wrong; what runs goes on as it was", {{"file", path}});
  std::string text = error.text();
  for (auto line : split(text, '\n')) log.error(line);
}

}  // namespace berth::app
