#pragma once

#include <optional>
#include <string>

#include "async/scope.h"
#include "async/watched_files.h"
#include "observe/alone/telling.h"

namespace berth::observe {

/// Alerts, KPIs, objectives and outputs of a system whose observation is built in: by the
/// observe.toml beside its berth.toml, which need not be there, and default_alerts.h. One that has
/// changed is taken over, what is wrong is told and leaves what runs in place. Belongs to one
/// reactor; core, series and world outlive it.
class LocalTelling {
 public:
  static constexpr std::size_t file_bytes_max = 1 << 20;

  /// `file`: absolute; empty: none. `folder`: of what is kept.
  LocalTelling(World& world, Log log, const std::string& folder, std::string file,
               streams::StreamCore& core, SeriesSource& series);

  /// Reads the file and begins to look at it. A wrong one is no error: it is told, and the
  /// defaults run.
  Deferred<void> start();
  Deferred<void> close();

  Telling& telling() { return telling_; }
  /// What is wrong with the file as it is now, a line each; empty if nothing is.
  const std::string& problem() const { return problem_; }
  /// Those of Telling, and GET /v1/alerts/file.
  void add_routes(http::Router& router);

 private:
  Deferred<void> reload();
  Deferred<void> apply(const std::string& text);

  World& world_;
  const Log log_;
  const std::string file_;
  Telling telling_;
  WatchedFiles files_;
  std::optional<std::string> right_;  // that runs
  std::string problem_;
  Scope scope_;
};

}  // namespace berth::observe
