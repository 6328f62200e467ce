#pragma once

#include <memory>

#include "async/deferred.h"
#include "proxy/gateway/key_set.h"

namespace berth::proxy::gateway {

/// Where the keys of tokens come from: given once, or fetched now and then. Belongs to one reactor.
class KeySource {
 public:
  explicit KeySource(std::shared_ptr<const KeySet> keys = nullptr) : keys_(std::move(keys)) {}
  virtual ~KeySource() = default;
  KeySource(const KeySource&) = delete;

  /// Null while none could be had.
  const std::shared_ptr<const KeySet>& keys() const { return keys_; }
  /// True if renew() may bring others than are there now.
  virtual bool may_renew() const { return false; }
  /// Resolves, never with an error, once the keys are as new as they can be had.
  virtual Deferred<void> renew() { return ready(); }

 protected:
  void set(std::shared_ptr<const KeySet> keys) { keys_ = std::move(keys); }

 private:
  std::shared_ptr<const KeySet> keys_;
};

}  // namespace berth::proxy::gateway
