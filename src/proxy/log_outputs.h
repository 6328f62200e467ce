#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// One place that lines go to. Never waits: what it has no room for is lost and counted.
class LogPlace {
 public:
  /// Of lines that wait for a file, a pipe or a connection; beyond, lines are lost.
  static constexpr std::size_t waiting_bytes_max = 4 << 20;
  /// Lines are written together: a disk is not asked for each.
  static constexpr Duration gather_time = 10ms;

  virtual ~LogPlace() = default;
  /// `line` has no line end.
  virtual void add(const http::AccessRecord& record, std::string_view line) = 0;
  /// Lines as it would have made them itself, from another reactor's LogOutputs.
  virtual void take(std::string_view, std::uint64_t lines) { lost_ += lines; }
  /// Opens its file anew, after somebody has moved it away.
  virtual void reopen() {}
  /// Resolves once what waited is written, or cannot be.
  virtual Deferred<void> finish() { return ready(); }
  std::uint64_t lost() const { return lost_; }

 protected:
  std::uint64_t lost_ = 0;
};

/// Hands lines to the one who writes them, on another reactor, as its place has them. Errors: those
/// of getting there; then they are lost.
using LogRelay =
    std::function<Deferred<void>(gateway::LogSpec spec, std::string text, std::uint64_t lines)>;

/// What each request's record is written to: syslog by UDP and TCP, files, standard output, as
/// HAProxy's line or as JSON. Places that stay through a change keep what waits in them. One
/// reactor.
class LogOutputs final : public AccessSink {
 public:
  /// With a relay all lines but datagrams go there: one writes to a file, a pipe, a connection.
  LogOutputs(World& world, Log log, LogRelay relay = {})
      : world_(world), log_(log), relay_(std::move(relay)) {}

  /// Errors: those of binding a datagram socket; then nothing has changed.
  Result<void> set(const std::vector<gateway::LogSpec>& specs);
  void reopen();
  void note(const http::AccessRecord& record) override;
  /// From a relay.
  void take(const gateway::LogSpec& spec, std::string_view text, std::uint64_t lines);
  std::uint64_t lines_lost() const;
  /// Writes what waits.
  Deferred<void> finish();

 private:
  struct Output {
    gateway::LogSpec spec;
    std::shared_ptr<LogPlace> place;
  };

  World& world_;
  Log log_;
  LogRelay relay_;
  std::vector<Output> outputs_;
  std::uint64_t lost_before_ = 0;  // of places that are gone
  std::string line_;               // the last one of HAProxy's form
};

/// A record as one JSON object; times in milliseconds with a fraction, -1 where not reached.
std::string json_line(const http::AccessRecord& record);

}  // namespace berth::proxy
