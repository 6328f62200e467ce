#include "app/browser.h"

#include <algorithm>

#include "os/host.h"

namespace berth::app {

Deferred<bool> open_in_browser(Process& process, std::string url) {
  SpawnSpec spec;
  spec.env = os::own_environment();
  // Without a display xdg-open takes a text browser, which would fight for the terminal.
  bool display = std::ranges::any_of(spec.env, [](auto& variable) {
    return (variable.first == "DISPLAY" || variable.first == "WAYLAND_DISPLAY") &&
           !variable.second.empty();
  });
  if (!display) co_return false;
  spec.argv = {"xdg-open", std::move(url)};
  spec.detached = true;
  auto child = co_await process.spawn(std::move(spec)).result();
  co_return child.ok();
}

}  // namespace berth::app
