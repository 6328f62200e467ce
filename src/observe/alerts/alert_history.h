#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/disk.h"
#include "base/json.h"

namespace berth::observe {

/// What has happened to alerts, a line of JSON each, in a file that is begun anew when it has
/// `bytes_max`; the one before it is kept beside it. Not synced: a power loss may cost the last
/// seconds. Belongs to Alerts.
class AlertHistory {
 public:
  AlertHistory(Disk& disk, std::string folder, std::uint64_t bytes_max)
      : disk_(disk), path_(folder + "/history"), bytes_max_(bytes_max) {}

  Deferred<void> open();
  /// Into memory, until write().
  void add(const Json& line);
  Deferred<void> write();
  /// The newest first, at most `most`.
  Deferred<Json> newest(std::size_t most);

 private:
  Disk& disk_;
  const std::string path_;
  const std::uint64_t bytes_max_;
  std::unique_ptr<File> file_;
  std::uint64_t bytes_ = 0;
  std::string unwritten_;
};

}  // namespace berth::observe
