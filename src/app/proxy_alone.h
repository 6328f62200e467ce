#pragma once

#include <string>

namespace berth::app {

struct AloneArguments {
  std::string file;       // proxy.toml
  bool check = false;     // tell only whether it can be read
  std::string take_over;  // the control socket of one that runs, whose sockets it takes over
};

/// `berth proxy run FILE`: a balancer of its own, by what a file says (docs/formats/proxy.md). It
/// reads the file again when it or one that it names changes, and at HUP, which opens log files
/// anew as well; one that is wrong is told and changes nothing. Ends at TERM and INT once what is
/// in flight is answered. At USR2, and when it is told to by its control socket, it starts its
/// program anew, which takes over its listening sockets, health and counters; it ends then once its
/// connections have, or `stop_grace` is over. Returns the exit code.
int run_proxy_alone(const AloneArguments& arguments);

}  // namespace berth::app
