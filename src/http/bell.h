#pragma once

#include <optional>
#include <utility>

#include "async/deferred.h"

namespace berth::http {

/// Wakes the one who waits, if there is one: for what is made anew with each request, where an
/// Event for many who wait costs more than what it tells. Belongs to one thread; destroying it
/// answers `closed`.
class Bell {
 public:
  Bell() = default;
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  ~Bell() {
    if (waiting_ && waiting_->wanted()) {
      waiting_->errback(Error(Code::closed, "what was waited for is closed"));
    }
  }

  /// The next ring.
  Deferred<void> wait() {
    waiting_.emplace();
    return waiting_->deferred();
  }
  void ring() {
    if (!waiting_) return;
    waiting_->callback();
    waiting_.reset();
  }

 private:
  std::optional<Promise<void>> waiting_;
};

}  // namespace berth::http
