#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/json.h"
#include "proxy/gateway/word_table.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// What has been counted of a listener, a service or an instance, in HAProxy's terms (its
/// management manual, section 9.1).
struct Tally {
  /// HAProxy's averages: over about the last so many requests.
  static constexpr double averaged = 1024;

  std::uint64_t requests = 0;
  std::array<std::uint64_t, 6> responses{};  // 1xx to 5xx, other
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t denied = 0;             // by us, for a reason of access (401, 403, 413, 429)
  std::uint64_t request_errors = 0;     // no request that could be read, or none came in time
  std::uint64_t connection_errors = 0;  // instances that could not be connected to
  std::uint64_t response_errors = 0;    // answers that were none, or broken off
  std::uint64_t client_aborts = 0;
  std::uint64_t server_aborts = 0;
  std::uint64_t retries = 0;
  // Averages in seconds: waiting in queues, connecting, the answer, all.
  double queue_time = 0;
  double connect_time = 0;
  double response_time = 0;
  double total_time = 0;

  void add(const http::AccessRecord& record);
  /// What was counted of the same elsewhere.
  void add(const Tally& other);
  Json json() const;
  /// What is missing counts as 0.
  static Tally of(const Json& json);
};

/// Counts each record by listener, by route, by service and by instance, and hands it on. Names
/// that are no longer there keep their counts. One reactor.
class Counts final : public AccessSink {
 public:
  using Tallies = std::map<std::string, Tally, std::less<>>;
  using Times = std::map<std::string, Histogram, std::less<>>;  // nanoseconds

  struct All {
    Tallies frontends;
    Tallies backends;
    Tallies servers;  // by "orders/1"
    Tallies routes;   // by the names of the gateway's routes
    Times times;      // of all requests, by service
    Times route_times;

    /// What was counted elsewhere.
    void add(const All& other);
    /// For the process that follows, and of the one before; routes begin anew.
    Json json() const;
    void begin_with(const Json& json);
  };

  explicit Counts(AccessSink& next) : next_(next) {}

  void note(const http::AccessRecord& record) override;
  const All& all() const { return all_; }
  void begin_with(const Json& json) { all_.begin_with(json); }

 private:
  /// What is counted under a name: in the maps, which are in the names' order for those who read
  /// them.
  struct Place {
    Tally* tally = nullptr;
    Histogram* times = nullptr;  // null: not kept of these
  };
  /// Found by hash, since there may be ten thousand.
  struct Places {
    gateway::WordTable numbers;
    std::vector<Place> all;
  };
  static Place place(Places& places, std::string_view name, Tallies& tallies, Times* times);

  AccessSink& next_;
  All all_;
  Places frontend_places_;
  Places backend_places_;
  Places server_places_;
  Places route_places_;
};

}  // namespace berth::proxy
