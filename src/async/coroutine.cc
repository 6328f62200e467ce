#include "async/coroutine.h"

namespace berth {

void CoroutineLink::fail(Error error) {
  // The locals go first, so that whoever reads the error finds nothing of them left.
  StateBase* self = self_;
  running_ = true;
  bool wanted = !self->consumed();
  if (wanted) self->resolve_error(std::move(error));
  destroy_frame();
}

void CoroutineLink::cancel_link() {
  // Stays set: what is awaited now may be resolved already, or answer otherwise, and a loop that
  // looks at results would go on for ever.
  cancelled_ = true;
  if (awaiting_) awaiting_->cancel();
}

void CoroutineLink::drop_link() {
  if (running_) {
    abandoned_ = true;
  } else {
    running_ = true;
    destroy_frame();
  }
}

}  // namespace berth
