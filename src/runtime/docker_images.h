#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "placement/records.h"
#include "runtime/docker_api.h"

namespace berth::runtime {

/// Sees to it that the image of a version is there: pulls one that is only named, builds one from a
/// folder. A build is tagged with this state folder's id and its version, so that it is made once
/// however often Berth starts; those more than `versions_kept` behind are removed.
class DockerImages {
 public:
  using Progress = std::function<void(std::string_view)>;
  static constexpr std::uint64_t versions_kept = placement::DesiredService::versions_kept;
  static constexpr Duration build_timeout = 30min;  // until the Engine begins to tell of a build

  DockerImages(DockerApi& api, Log log) : api_(api), log_(log) {}

  /// The image that instances of that version run.
  static std::string image_of(const placement::ServiceSpec& service, std::uint64_t version,
                              const std::string& state_id);
  /// Errors: not_found: no Dockerfile, no such image; invalid: the build fails, with its last
  /// lines.
  Deferred<void> prepare(placement::ServiceSpec service, std::uint64_t version,
                         std::string state_id, Progress progress);

 private:
  Deferred<void> pull(std::string image, Progress progress);
  Deferred<void> build(placement::ServiceSpec service, std::uint64_t version, std::string state_id,
                       Progress progress);
  Deferred<void> remove_old(std::string service, std::uint64_t version, std::string state_id);

  DockerApi& api_;
  Log log_;
};

/// "web" and "latest" of "web", "reg:5000/a/web" and "1.4" of "reg:5000/a/web:1.4"; a digest stays
/// with the name and the second is empty.
std::pair<std::string, std::string> image_and_tag(std::string_view image);

}  // namespace berth::runtime
