#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "http/session.h"
#include "proxy/acme/certificate.h"
#include "proxy/acme/certificate_spec.h"
#include "proxy/acme/challenges.h"
#include "proxy/acme/documents.h"

namespace berth::proxy::acme {

/// Replaces a file that only its user may read (mode 0600), as a whole and durably, in a folder
/// that is made if it is missing.
using WritePrivate = std::function<Deferred<void>(std::string path, std::string content)>;

/// Keeps one certificate good: orders it where none is there that fits, and again at two thirds of
/// its life (some later, so that many are not renewed at once), whatever it takes. A failure is
/// told and followed by longer and longer waits; nothing is ever tried more often than the
/// specification says. What counts for that is in the store, so that a proxy that is started again
/// and again does not order again and again. Belongs to one reactor; what it is given outlives it.
class Renewal {
 public:
  static constexpr Duration retry_first = 1min;
  static constexpr Duration retry_most = 12h;
  static constexpr Duration look_every = 1h;  // the wall clock may have been set
  static constexpr double renewed_at = 2.0 / 3;
  static constexpr double jitter = 1.0 / 20;  // of the life

  struct Surroundings {
    World& world;
    Log log;
    http::Transport ask;
    WritePrivate write;
    Challenges& challenges;
    Lock& one_at_a_time;  // of all orders of the program: they share accounts
  };
  /// What is known of it now.
  struct State {
    std::optional<Validity> validity;  // of the certificate that is there
    WallTime renew_at{};
    std::uint32_t failures = 0;  // in a row
    std::string error;           // of the last attempt
    std::uint64_t issued = 0;    // since the start
  };

  /// `on_new` is called with each certificate that came, once it is on disk.
  Renewal(Surroundings surroundings, CertificateSpec spec, std::function<void()> on_new);

  const CertificateSpec& spec() const { return spec_; }
  /// The one that is to be shown now; nothing: there is none yet.
  const std::optional<tls::CertificatePem>& certificate() const { return certificate_; }
  State state() const;
  /// Orders at once, whatever the plan and the waits are; only orders_per_hour_max holds.
  void renew_now();

 private:
  Deferred<void> run();
  void take_stored();
  void plan_renewal();
  Duration pause() const;
  Deferred<void> attempt();
  Deferred<void> obtain(std::optional<Duration>& told_to_wait);
  Deferred<void> save_ledger();
  Deferred<std::string> account_key();
  void tell_failure(const Error& error, Duration wait) const;

  Surroundings with_;
  CertificateSpec spec_;
  std::function<void()> on_new_;
  std::optional<tls::CertificatePem> certificate_;
  std::optional<Validity> validity_;
  WallTime renew_at_{};
  Ledger ledger_;
  std::string error_;
  bool asked_for_ = false;  // by renew_now
  Event wake_;
  std::uint64_t issued_ = 0;
  Scope scope_;
};

}  // namespace berth::proxy::acme
