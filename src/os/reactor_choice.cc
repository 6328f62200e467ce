#include "os/reactor_choice.h"

#include <cstdlib>

namespace berth::os {

ReactorWish wished_reactor() {
  const char* value = std::getenv("BERTH_REACTOR");
  std::string_view wish = value ? value : "";
  if (wish == "epoll") return ReactorWish::epoll;
  if (wish == "io_uring") return ReactorWish::io_uring;
  return ReactorWish::automatic;
}

}  // namespace berth::os
