#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace berth::app {

/// What `berth dev` was asked for.
struct DevArguments {
  std::string folder;               // absolute: where the system file stands
  std::string file = "berth.toml";  // its name in `folder`
  std::string state;                // absolute: the state folder, FOLDER/.berth by default
  std::string environment = "dev";
  // Nothing: the default port, or the next free one. A given one that is taken is an error.
  std::optional<std::uint16_t> console_port;  // 7400
  std::optional<std::uint16_t> gateway_port;  // 8080
  std::optional<std::uint16_t> dns_port;      // 8600
  std::optional<std::uint16_t> riemann_port;  // 5555
  std::optional<std::uint16_t> syslog_port;   // 5514
  bool once = false;  // ends when all is healthy (0), or when it is clear that it will not be (1)
};

/// Runs the folder's system on this machine until it is told to stop. Returns an ExitCode.
int run_dev(const DevArguments& arguments);

}  // namespace berth::app
