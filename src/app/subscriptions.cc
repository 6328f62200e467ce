#include "app/subscriptions.h"

#include <optional>

#include "async/clock.h"

namespace berth::app {

std::vector<bus::Subscription> subscriptions_of(const placement::ClusterState& state) {
  std::vector<bus::Subscription> all;
  for (auto& [name, service] : state.services) {
    if (service.removed) continue;
    for (auto& [topic, path] : service.spec().on) all.push_back({topic, name, path});
  }
  return all;
}

Deferred<void> Subscriptions::run() {
  std::optional<std::vector<bus::Subscription>> set;
  for (;;) {
    auto wanted = subscriptions_of(mirror_.state());
    if (!set || *set != wanted) {
      auto done = co_await bus_.set_subscriptions(wanted).result();
      if (done.ok()) {
        set = std::move(wanted);
      } else {
        log_.error("the subscriptions cannot be kept; trying again", {{"error", done.error()}});
        co_await world_.clock.after(1s);
      }
      continue;  // the state may be another one by now
    }
    co_await mirror_.changed();
  }
}

}  // namespace berth::app
