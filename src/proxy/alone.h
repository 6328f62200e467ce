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
#include "http/client.h"
#include "proxy/certificates.h"
#include "proxy/counts.h"
#include "proxy/gateway/checks.h"
#include "proxy/gateway/fetched_keys.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/log_outputs.h"
#include "proxy/log_tail.h"
#include "proxy/prepared_listeners.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// A proxy for people who use nothing else of Berth: what a ProxyFile says, with the same Proxy
/// that follows a catalog elsewhere. Each file that is applied becomes a snapshot of services,
/// whose health its own checks find out, and a Gateway; what stayed the same goes on, with its
/// connections, counters and health. One reactor.
class Alone final : Timer {
 public:
  /// What checks find out counts at once, but where they find much it is gathered for so long,
  /// since each time all services are looked at.
  static constexpr Duration publish_pause = 10ms;

  /// `write` keeps certificates from ACME directories; without it they stay in memory.
  Alone(World& world, Log log, acme::WritePrivate write = {});

  /// Errors: what cannot be listened on, a certificate that is none. Nothing has changed then.
  Result<void> apply(gateway::ProxyFile file);
  Proxy& proxy() { return *proxy_; }
  const Proxy& proxy() const { return *proxy_; }
  LogOutputs& logs() { return logs_; }
  const Counts& counts() const { return counts_; }
  LogTail& tail() { return tail_; }
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
  /// Requests on it now, also on one that is drained.
  std::uint32_t in_flight(std::string_view instance) const;
  std::uint64_t revision() const { return revision_; }
  /// What the process that follows is to know: health, orders, counters. It goes before apply().
  Json handover() const;
  void begin_with(const Json& handover);
  Deferred<void> close();

 private:
  struct Nobody final : CallerFinder {
    std::string find(const Address&, const Address&) override { return "unknown"; }
  };

  void publish();
  void show_certificates();
  void health_changed();
  void fire() override { publish(); }
  const catalog::Instance* find(std::string_view instance, std::string& service) const;
  Result<void> attach_keys(gateway::Gateway& gateway);
  Result<void> attach_tls(std::vector<gateway::FileService>& services) const;

  World& world_;
  Log log_;
  Nobody nobody_;
  PreparedListeners listeners_;
  LogOutputs logs_;
  LogTail tail_{logs_};
  Counts counts_{tail_};
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<http::Client> key_client_;
  std::map<std::string, std::shared_ptr<gateway::FetchedKeys>> keys_;  // by URL and interval
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
