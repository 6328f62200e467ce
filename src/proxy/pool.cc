#include "proxy/pool.h"

#include <algorithm>

namespace berth::proxy {

void Pool::apply(std::shared_ptr<const catalog::Service> service) {
  service_ = std::move(service);
  std::vector<std::shared_ptr<Endpoint>> next;
  auto old = [&](const catalog::Instance& instance) -> std::shared_ptr<Endpoint> {
    for (auto* list : {&endpoints_, &leaving_}) {
      for (auto& endpoint : *list) {
        if (endpoint && endpoint->id == instance.id &&
            endpoint->incarnation == instance.incarnation &&
            endpoint->address == instance.address) {
          return std::move(endpoint);
        }
      }
    }
    return nullptr;
  };
  for (auto& instance : service_->instances) {
    if (instance.health != catalog::Health::healthy) continue;
    auto endpoint = old(instance);
    if (!endpoint) endpoint = std::make_shared<Endpoint>(instance);
    endpoint->draining = false;
    next.push_back(std::move(endpoint));
  }
  for (auto& endpoint : endpoints_) {
    if (!endpoint) continue;
    endpoint->draining = true;
    endpoint->close_idle();
    leaving_.push_back(std::move(endpoint));
  }
  std::erase_if(leaving_, [](auto& e) { return !e || e->in_flight == 0; });
  endpoints_ = std::move(next);
  if (!endpoints_.empty() || removed_) {
    // Whoever waits tries again: there may be room now.
    for (std::size_t waiting = queue.size(); waiting > 0; --waiting) queue.wake();
  }
}

void Pool::remove() {
  auto gone = std::make_shared<catalog::Service>(*service_);
  gone->instances.clear();
  removed_ = true;
  apply(std::move(gone));
}

Pool::Pick Pool::pick(Random& random, MonotonicTime now, const Endpoint* avoid) {
  std::size_t count = endpoints_.size();
  if (count == 0) return {Choice::none, nullptr};
  auto usable = [&](const Endpoint& e) { return &e != avoid && !e.resting(now); };
  auto roomy = [&](const Endpoint& e) { return e.in_flight < policy().in_flight_max; };
  auto& first = endpoints_[random.below(count)];
  auto& second = endpoints_[random.below(count)];
  auto& better = first->in_flight <= second->in_flight ? first : second;
  if (usable(*better) && roomy(*better)) return {Choice::found, better};
  // Rare: look at all, first for a rested one, then for any, then for the avoided one.
  const std::shared_ptr<Endpoint>* best = nullptr;
  auto rank = [&](const Endpoint& e) { return (&e == avoid ? 2 : 0) + (e.resting(now) ? 1 : 0); };
  bool any_room = false;
  std::size_t offset = random.below(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& e = endpoints_[(i + offset) % count];
    if (!roomy(*e)) continue;
    any_room = true;
    if (!best || rank(*e) < rank(**best) ||
        (rank(*e) == rank(**best) && e->in_flight < (*best)->in_flight)) {
      best = &e;
    }
  }
  if (!any_room) return {Choice::full, nullptr};
  return {Choice::found, *best};
}

std::string Pool::why_none() const {
  if (!service_ || service_->instances.empty()) return "no instance of " + name_ + " runs";
  std::string text = "no instance of " + name_ + " is healthy";
  for (auto& instance : service_->instances) {
    if (!instance.why.empty()) return text + " (" + instance.id + ": " + instance.why + ")";
  }
  return text;
}

void Pool::end(Endpoint& endpoint) {
  --endpoint.in_flight;
  --in_flight_;
  if (endpoint.draining && endpoint.in_flight == 0) {
    std::erase_if(leaving_, [&](auto& e) { return e.get() == &endpoint; });
  }
  if (!queue.empty()) queue.wake();
}

std::vector<std::string> Pool::draining_in_flight() const {
  std::vector<std::string> ids;
  for (auto& endpoint : leaving_) {
    if (endpoint->in_flight > 0) ids.push_back(endpoint->id + "@" + endpoint->incarnation);
  }
  return ids;
}

}  // namespace berth::proxy
