#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/world.h"
#include "base/exposition.h"
#include "base/log.h"
#include "http/router.h"
#include "observe/alerts/alerts.h"
#include "observe/alerts/exports.h"
#include "observe/alerts/goals.h"
#include "observe/alerts/kpi.h"
#include "observe/alone/telling_file.h"
#include "observe/outputs/outputs.h"
#include "observe/series_source.h"
#include "observe/streams/core.h"

namespace berth::observe {

/// Outputs, alerts, KPIs and exports of one process, joined: streams send to outputs by name,
/// events reach alert rules and KPIs, alerts and series reach outputs. Another file replaces all of
/// it, while what waits in queues and what fires stay on disk. Belongs to one reactor; core, series
/// and world outlive it.
class Telling {
 public:
  Telling(World& world, Log log, std::string folder, streams::StreamCore& core,
          SeriesSource& series);
  ~Telling();

  /// Begins, or changes to another file. An error (a secret's file that is not there) leaves
  /// nothing running.
  Deferred<void> apply(TellingFile file);
  Deferred<void> close();
  /// All that outputs have accepted is on disk.
  Deferred<void> commit();

  /// Null before apply().
  Alerts* alerts() { return alerts_.get(); }
  Outputs* outputs() { return outputs_.get(); }
  /// A message of the bus, for KPIs.
  void note_message(std::string_view topic, std::string_view body);
  void expose(Exposition& page) const;
  /// Those of alert_routes.h, for the alerts that run, and GET /v1/kpis.
  void add_routes(http::Router& router);

 private:
  Deferred<void> open(TellingFile file);
  Deferred<http::ServerResponse> kpis();
  void listen();

  World& world_;
  const Log log_;
  const std::string folder_;
  streams::StreamCore& core_;
  SeriesSource& series_;
  std::string text_;
  std::unique_ptr<Outputs> outputs_;
  std::shared_ptr<Alerts> alerts_;  // also of requests that are being answered
  std::unique_ptr<Kpis> kpis_;
  std::shared_ptr<Goals> goals_;  // also of those who ask
  std::unique_ptr<Exports> exports_;
  std::vector<streams::PubSub::Subscription> subscriptions_;
};

}  // namespace berth::observe
