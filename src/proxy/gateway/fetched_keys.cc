#include "proxy/gateway/fetched_keys.h"

#include <algorithm>

namespace berth::proxy::gateway {

FetchedKeys::FetchedKeys(Clock& clock, Log log, http::Client& client, std::string url,
                         Duration interval)
    : clock_(clock), log_(log), client_(client), url_(std::move(url)), interval_(interval) {
  scope_.add(run());
}

Deferred<void> FetchedKeys::run() {
  for (Duration wait = 1s;;) {
    bool good = co_await fetch();
    wait = good ? Duration(1s) : std::min<Duration>(wait * 2, interval_);
    co_await clock_.after(good ? interval_ : wait);
  }
}

Deferred<void> FetchedKeys::renew() {
  if (fetching_) return waiting_.wait();
  if (clock_.now() < next_renewal_) return ready();
  scope_.add(fetch().then([](bool) {}));
  return fetching_ ? waiting_.wait() : ready();
}

/// True if the keys are new ones.
Deferred<bool> FetchedKeys::fetch() {
  if (fetching_) {
    co_await waiting_.wait();
    co_return true;
  }
  fetching_ = true;
  next_renewal_ = clock_.now() + renew_pause;
  ++fetches_;
  auto asking = client_.get(url_, fetch_timeout);
  auto answer = co_await std::move(asking).result();
  Result<std::string> text = Error(Code::invalid, "no answer");
  if (!answer.ok()) {
    text = std::move(answer).error();
  } else if (answer->status() != 200) {
    text = Error(Code::unavailable, "it was answered with " + std::to_string(answer->status()));
  } else {
    auto reading = with_timeout(clock_, fetch_timeout, answer->text(answer_bytes_max));
    text = co_await std::move(reading).result();
  }
  auto keys = text.ok() ? KeySet::parse(*text) : Result<KeySet>(std::move(text).error());
  bool good = keys.ok();
  if (good) {
    set(std::make_shared<const KeySet>(std::move(*keys)));
  } else {
    log_.warning("the keys for tokens cannot be fetched; those that are there stay",
                 {{"url", url_}, {"error", keys.error()}});
  }
  fetching_ = false;
  while (!waiting_.empty()) waiting_.wake();
  co_return good;
}

}  // namespace berth::proxy::gateway
