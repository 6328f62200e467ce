#pragma once

#include <string>

namespace berth::app {

struct AloneArguments {
  std::string file;    // proxy.toml
  bool check = false;  // tell only whether it can be read
};

/// `berth proxy run FILE`: a balancer of its own, by what a file says (docs/formats/proxy.md). It
/// reads the file again when it or one that it names changes, and at HUP, which opens log files
/// anew as well; one that is wrong is told and changes nothing. Ends at TERM and INT once what is
/// in flight is answered. Returns the exit code.
int run_proxy_alone(const AloneArguments& arguments);

}  // namespace berth::app
