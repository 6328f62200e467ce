#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "observe/event.h"

namespace berth::observe::streams {

/// Topics to which events are published, and who listens to them (riemann pubsub.clj). Belongs to
/// one reactor. A listener is called at once and may end itself or others meanwhile; it must not
/// publish.
class PubSub {
 public:
  using Listener = std::function<void(const Event&)>;
  static constexpr std::size_t listeners_max = 10'000;  // beyond: subscribe() gives an empty one

  /// Ends the subscription when it goes; the PubSub outlives it.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(PubSub& owner, std::string topic, std::uint64_t id)
        : owner_(&owner), topic_(std::move(topic)), id_(id) {}
    Subscription(Subscription&& other) noexcept { *this = std::move(other); }
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription() { end(); }
    void end();
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    PubSub* owner_ = nullptr;
    std::string topic_;
    std::uint64_t id_ = 0;
  };

  [[nodiscard]] Subscription subscribe(std::string topic, Listener listener);
  void publish(std::string_view topic, const Event& event);
  std::size_t listeners() const { return listeners_; }

 private:
  using Listeners = std::map<std::uint64_t, Listener>;
  void unsubscribe(const std::string& topic, std::uint64_t id);

  std::map<std::string, Listeners, std::less<>> topics_;
  std::uint64_t last_id_ = 0;
  std::size_t listeners_ = 0;
};

}  // namespace berth::observe::streams
