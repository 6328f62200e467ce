#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/world.h"
#include "base/toml_reader.h"
#include "observe/outputs/output_queue.h"
#include "tls/context.h"

namespace berth::observe {

/// What one [[output]] asks for (docs/formats/outputs.md): how its queue is, and how it is made.
/// Secrets that stand in files of their own are read before that.
struct OutputPlan {
  struct Secret {
    std::string value;
    std::string file;  // empty: the value is there
  };

  std::string name;
  std::string type;
  QueueOptions queue;
  std::vector<std::shared_ptr<Secret>> secrets;
  std::string authorities;  // a file of PEM; empty: the system's
  std::function<std::unique_ptr<Output>(World& world, tls::ClientContext context)> make;
};

/// Reads all of `file`'s [[output]] tables; what is wrong is told to the reader. Files that they
/// name stand beside it, in `folder`.
std::vector<OutputPlan> read_outputs(TomlReader& file, const std::string& folder);

}  // namespace berth::observe
