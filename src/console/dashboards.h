#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/sync.h"
#include "async/world.h"
#include "console/dashboard.h"
#include "http/router.h"

namespace berth::console {

/// One kept or built-in dashboard as its text.
struct DashboardFile {
  std::string name;
  std::string text;
  std::string revision;  // of a kept one: another after each change; empty: built in
};

/// The dashboards of a system: files in a folder, and those built in under the names "system" and
/// "service", which a file of that name replaces. Files are read whenever they are asked for, so
/// that an editor may write them too; each is replaced as a whole and durably. A write tells the
/// revision that it is made from: another one there is a conflict. Belongs to one reactor.
class Dashboards {
 public:
  static constexpr std::size_t files_max = 500;

  Dashboards(World& world, std::string folder) : world_(world), folder_(std::move(folder)) {}

  /// By name, built-in ones first.
  Deferred<std::vector<DashboardFile>> all();
  /// not_found, with the nearest name.
  Deferred<DashboardFile> get(std::string name);
  /// Answers the new revision. `revision` is empty for one that is new. conflict: somebody else
  /// wrote it; overloaded: files_max; disk_full.
  Deferred<std::string> put(std::string name, std::string text, std::string revision);
  /// not_found, conflict.
  Deferred<void> remove(std::string name, std::string revision);

 private:
  std::string path(std::string_view name) const {
    return folder_ + "/" + std::string(name) + ".toml";
  }
  Deferred<std::vector<std::string>> names();
  /// Nothing if there is no such file.
  Deferred<std::optional<std::string>> read(std::string name);
  Deferred<void> expect(std::string name, std::string revision);

  World& world_;
  const std::string folder_;
  Semaphore writing_{1};
};

/// 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit: also a file's name.
bool is_dashboard_name(std::string_view name);
/// Null if there is none of that name.
const DashboardFile* built_in_dashboard(std::string_view name);
const std::vector<DashboardFile>& built_in_dashboards();

/// /v1/dashboards and /v1/dashboards/NAME (docs/formats/dashboards.md). `dashboards` outlives the
/// router.
void add_dashboard_routes(http::Router& router, Dashboards& dashboards);

}  // namespace berth::console
