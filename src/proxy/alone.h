#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/timer_queue.h"
#include "async/world.h"
#include "base/log.h"
#include "proxy/certificates.h"
#include "proxy/gateway/checks.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/prepared_listeners.h"
#include "proxy/shard.h"
#include "proxy/siblings.h"

namespace berth::proxy {

/// A proxy for people who use nothing else of Berth: what a ProxyFile says, with the same Proxy
/// that follows a catalog elsewhere. Each file that is applied becomes a snapshot of services,
/// whose health its own checks find out, and a Gateway; what stayed the same goes on, with its
/// connections, counters and health. It is the first of the process's shards, and what the others
/// follow: it checks instances, orders certificates and takes orders for all of them. Belongs to
/// the first reactor.
class Alone final : Timer {
 public:
  /// What checks find out counts at once, but where they find much it is gathered for so long,
  /// since each time all services are looked at.
  static constexpr Duration publish_pause = 10ms;

  /// `write` keeps certificates from ACME directories; without it they stay in memory. `siblings`
  /// outlives it.
  Alone(World& world, Log log, acme::WritePrivate write = {}, Siblings& siblings = no_siblings());

  /// `copies`: the same file once more for each sibling. Errors: what cannot be listened on, a
  /// certificate that is none, another number of threads. Nothing has changed then.
  Result<void> apply(gateway::ProxyFile file, std::vector<gateway::ProxyFile> copies = {});
  Shard& shard() { return shard_; }
  Siblings& siblings() { return siblings_; }
  Proxy& proxy() { return shard_.proxy(); }
  const Proxy& proxy() const { return shard_.proxy(); }
  LogOutputs& logs() { return shard_.logs(); }
  const Counts& counts() const { return shard_.counts(); }
  Certificates& certificates() { return certificates_; }
  const Certificates& certificates() const { return certificates_; }

  /// What an operator has said of an instance; goes before its check, and stays through changes of
  /// the file until it is said to be `as_checked` again.
  enum class Order : std::uint8_t { as_checked, drained, disabled };
  /// Errors: not_found.
  Result<void> order(std::string_view instance, Order order);
  /// Its weight from now on, through changes of the file too; 0: nothing new. Errors: not_found.
  Result<void> weigh(std::string_view instance, std::uint32_t weight);
  /// It rests for that time. Errors: not_found; invalid, if it gets no requests anyway.
  Result<void> eject(std::string_view instance, Duration time);
  Order ordered(std::string_view instance) const;
  // On all reactors:
  /// Requests on it now, also on one that is drained.
  Deferred<std::uint32_t> in_flight(std::string instance);
  Deferred<std::size_t> requests_in_flight();
  std::size_t connections() const { return proxy().connections() + siblings_.connections(); }
  void stop_listening();

  std::uint64_t revision() const { return revision_; }
  /// What the process that follows is to know: health, orders, counters. It goes before apply().
  Deferred<Json> handover();
  void begin_with(const Json& handover);
  /// Writes the lines of the access log that wait.
  Deferred<void> finish_logs();
  Deferred<void> close();

 private:
  void publish();
  void show_certificates();
  void health_changed();
  void fire() override { publish(); }
  const catalog::Instance* find(std::string_view instance, std::string& service) const;
  void hand_to_siblings(const gateway::Gateway& gateway, std::vector<gateway::ProxyFile> copies);

  World& world_;
  Log log_;
  Siblings& siblings_;
  PreparedListeners listeners_;
  Shard shard_;
  std::vector<gateway::FileService> services_;
  std::map<std::string, std::shared_ptr<const catalog::Service>, std::less<>> published_;
  std::map<std::pair<std::string, Address>, Order> orders_;           // by service and instance
  std::map<std::pair<std::string, Address>, std::uint32_t> weights_;  // the same
  std::uint64_t revision_ = 0;
  MonotonicTime published_at_{};
  gateway::Checks checks_;
  Certificates certificates_;
};

}  // namespace berth::proxy
