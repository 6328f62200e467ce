#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/result.h"

namespace berth::app {

/// Where a running Berth answers, as StateFolder::tell_address writes it to STATE/api.json for the
/// commands (docs/formats/api.md, "Where it is found").
struct ApiPlace {
  Address address;
  std::string token;
  std::int64_t pid = 0;
  std::string system;
  std::string version;  // of the Berth that runs
  std::string state;    // the absolute state folder

  /// "http://127.0.0.1:7400/?token=…": what a browser opens.
  std::string console_url() const;
};

/// Reads `state`/api.json. unavailable: no berth dev runs there; invalid: the file cannot be read.
Result<ApiPlace> read_api_place(const std::string& state);
/// Looks for .berth/api.json in `folder` and above, like git. Errors as above.
Result<ApiPlace> find_api_place(const std::string& folder);

/// What every command says when nothing answers.
Error no_dev_runs();

/// The folder at or above `from` that has `file` in it. not_found says where it looked.
Result<std::string> folder_with(const std::string& from, const std::string& file);

}  // namespace berth::app
