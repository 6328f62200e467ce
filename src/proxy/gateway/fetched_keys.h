#pragma once

#include <memory>
#include <string>

#include "async/clock.h"
#include "async/scope.h"
#include "async/wait_list.h"
#include "base/log.h"
#include "http/client.h"
#include "proxy/gateway/key_source.h"

namespace berth::proxy::gateway {

/// A key set that is fetched by HTTP: at the start, every `interval`, and when a token names a key
/// that is not there, but then at most every `renew_pause`, so that wrong tokens do not become
/// requests. Keys that were there stay when a fetch fails; the next try comes after 1 s, then later
/// and later. Belongs to one reactor; `client` outlives it.
class FetchedKeys final : public KeySource {
 public:
  static constexpr Duration renew_pause = 10s;
  static constexpr Duration fetch_timeout = 5s;
  static constexpr std::size_t answer_bytes_max = 1 << 20;

  FetchedKeys(Clock& clock, Log log, http::Client& client, std::string url, Duration interval);

  const std::string& url() const { return url_; }
  bool may_renew() const override { return fetching_ || clock_.now() >= next_renewal_; }
  Deferred<void> renew() override;
  std::uint64_t fetches() const { return fetches_; }

 private:
  Deferred<void> run();
  Deferred<bool> fetch();

  Clock& clock_;
  Log log_;
  http::Client& client_;
  std::string url_;
  Duration interval_;
  MonotonicTime next_renewal_{};
  bool fetching_ = false;
  std::uint64_t fetches_ = 0;
  WaitList<void> waiting_;  // for the fetch that is under way
  Scope scope_;
};

}  // namespace berth::proxy::gateway
