#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "async/world.h"
#include "base/log.h"
#include "base/result.h"
#include "bus/bus.h"
#include "observe/counted_series.h"
#include "observe/logs/log_store.h"
#include "observe/observer.h"
#include "observe/series_source.h"
#include "observe/syslog_server.h"
#include "placement/changes.h"
#include "placement/feed.h"
#include "placement/mirror.h"

namespace berth::console {

struct NamedAddress {
  std::string name;
  std::string url;
};

/// An alert that fired, for charts.
struct AlertMark {
  WallTime time{};
  std::string service;  // of its labels; may be empty
  std::string text;
};

/// Counters that only the program knows, for /metrics.
struct ProgramCounters {
  std::uint64_t access_records = 0;          // read from the ring
  std::uint64_t access_records_dropped = 0;  // the ring was full
  std::uint64_t connections = 0;             // of the API, open now
  observe::SyslogCounters syslog = {};
  observe::LogCounters lines = {};
};

/// All that the console shows and changes; filled by the program, outlives the console.
struct Sources {
  World& world;
  Log log;
  placement::Mirror& mirror;
  placement::Changes& changes;
  placement::Feed& feed;
  observe::Observer& observer;
  const observe::CountedSeries& series;
  bus::Bus& bus;
  std::string state_folder;  // where the instances' logs stand (runtime/log_path.h)

  /// Why a service waits, in words; empty if it does not (Controller::waits).
  std::function<std::string(std::string_view service)> waits;
  /// KILL to the instance's process (Agent::kill). not_found, conflict.
  std::function<Result<void>(std::string_view id)> kill;
  /// Where the program itself is reached: console, DNS, Riemann. Public routes are added here.
  std::function<std::vector<NamedAddress>()> addresses;
  std::function<ProgramCounters()> counters;
  /// Why balancers leave an instance out (Catalog::why_out); empty if none does.
  std::function<std::string(std::string_view id, std::string_view incarnation)> why_out = {};
  /// All series under Prometheus' names, for charts; null: there is no POST /v1/charts.
  observe::SeriesSource* all_series = nullptr;
  /// The newest alerts that fired, in no order; there may be none to tell of them.
  std::function<std::vector<AlertMark>()> alert_marks = {};
};

struct ApiOptions {
  std::string token;
  std::uint16_t port = 7400;          // the one listened on
  std::uint16_t gateway_port = 8080;  // public addresses carry it
  std::uint16_t vip_port = 7480;      // addresses of services carry it
  std::string version;                // Berth's
  std::size_t live_readers_max = 64;  // beyond: 503
  std::size_t log_followers_max = 32;
  std::size_t deploys_max = 16;  // watched at once; beyond: 503, before anything is done
};

}  // namespace berth::console
