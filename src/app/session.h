#pragma once

#include <memory>
#include <string>

#include "app/api_client.h"
#include "app/arguments.h"
#include "app/output.h"
#include "os/network.h"
#include "os/process.h"
#include "os/reactor.h"

namespace berth::app {

/// What a command of the client's side works with: a reactor of its own, where to write, and the
/// API of the folder's `berth dev`. Lives in main as long as the command; one thread.
class Session {
 public:
  Session(Common common, Output output)
      : network(reactor), process(reactor), common(std::move(common)), output(std::move(output)) {}

  /// The API, looked for at the first call. unavailable: no berth dev runs for this folder.
  Result<ApiClient*> api();
  Result<ApiPlace> place() const;

  os::Reactor reactor;
  os::Network network;
  os::Process process;
  const Common common;
  const Output output;

 private:
  std::unique_ptr<ApiClient> api_;
};

/// The service's exact name for what was typed in any case. not_found tells the nearest.
Result<std::string> service_named(const Json& state, const std::string& typed);
/// The same for an instance ("ORDERS/1").
Result<std::string> instance_named(const Json& state, const std::string& typed);
/// "; did you mean 'orders'?", or the list of words if none is near, or "" if there is none.
std::string nearest_hint(const std::string& typed, const std::vector<std::string>& words);

/// What a body on the command line means: "-" is standard input, "@file" a file.
Result<std::string> body_of(const std::string& given);

/// Runs a command to its end; prints its error. Returns the ExitCode.
int run_client(const CommandLine& line, const Output& output);

}  // namespace berth::app
