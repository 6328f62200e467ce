#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/body.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// Which records somebody wants to see.
struct LogFilter {
  std::string service;  // empty: all
  std::string path;     // what the target begins with
  int status_least = 0;
  int status_most = 999;
  Duration slower_than = 0s;

  bool takes(const http::AccessRecord& record) const;
};

/// Hands each record on, and its line to those who follow the log now. Who reads too slowly loses
/// lines, and is told how many. Costs nothing while nobody follows. One reactor; what follows may
/// outlive it.
class LogTail final : public AccessSink {
 public:
  static constexpr std::size_t lines_waiting_max = 1024;

  explicit LogTail(AccessSink& next) : next_(next) {}

  void note(const http::AccessRecord& record) override;
  /// One who follows by taking what came: held by him, from any thread, and touched only here.
  struct Follower;
  std::shared_ptr<Follower> add(LogFilter filter, gateway::LogSpec::Form form);
  /// Lines with their ends, which were not taken yet; empty: none came.
  static std::string taken(Follower& follower);
  /// An empty line at once, then lines with their ends, as they come, for ever.
  std::unique_ptr<http::BodySource> follow(LogFilter filter, gateway::LogSpec::Form form);

 private:
  class Source;

  AccessSink& next_;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace berth::proxy
