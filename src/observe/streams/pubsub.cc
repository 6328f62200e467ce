#include "observe/streams/pubsub.h"

namespace berth::observe::streams {

PubSub::Subscription& PubSub::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  end();
  owner_ = std::exchange(other.owner_, nullptr);
  topic_ = std::move(other.topic_);
  id_ = other.id_;
  return *this;
}

void PubSub::Subscription::end() {
  if (owner_) std::exchange(owner_, nullptr)->unsubscribe(topic_, id_);
}

PubSub::Subscription PubSub::subscribe(std::string topic, Listener listener) {
  if (listeners_ >= listeners_max) return {};
  ++listeners_;
  std::uint64_t id = ++last_id_;
  topics_[topic].emplace(id, std::move(listener));
  return {*this, std::move(topic), id};
}

void PubSub::publish(std::string_view topic, const Event& event) {
  // By id, from where it was: the listener may have ended itself, others, or the whole topic.
  std::uint64_t last = 0;
  for (;;) {
    auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    auto next = found->second.upper_bound(last);
    if (next == found->second.end()) return;
    last = next->first;
    Listener listener = next->second;
    listener(event);
  }
}

void PubSub::unsubscribe(const std::string& topic, std::uint64_t id) {
  auto found = topics_.find(topic);
  if (found == topics_.end() || found->second.erase(id) == 0) return;
  --listeners_;
  if (found->second.empty()) topics_.erase(found);
}

}  // namespace berth::observe::streams
