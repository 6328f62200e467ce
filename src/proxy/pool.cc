#include "proxy/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"

namespace berth::proxy {
namespace {

std::uint64_t place_hash(const std::string& id, const std::string& incarnation) {
  return hash64(id, hash64(incarnation));
}

}  // namespace

// The set -----------------------------------------------------------------------------------------

void Pool::apply(std::shared_ptr<const catalog::Service> service, Random& random,
                 MonotonicTime now) {
  auto before = std::exchange(service_, std::move(service));
  bool same = take_over(now, before == nullptr) && before && before->policy == policy();
  if (!same) build(random, now);
  if (!before || before->policy.cache != policy().cache) cache_.set(policy().cache);
  // Whoever waits tries again: there may be room now.
  if (!endpoints_.empty() || removed_) queue.wake_all();
}

/// Makes endpoints_ those of service_. True if they are, seat by seat, what they were. The service
/// before lives until the end of apply().
bool Pool::take_over(MonotonicTime now, bool first) {
  auto old_instances = std::move(instances_);
  auto old_service_endpoints = std::move(endpoints_);
  std::unordered_multimap<std::uint64_t, std::shared_ptr<Endpoint>*> known;
  for (auto* list : {&old_service_endpoints, &leaving_}) {
    for (auto& each : *list) known.insert({place_hash(each->id, each->incarnation), &each});
  }
  auto known_one = [&](const catalog::Instance& instance) -> std::shared_ptr<Endpoint> {
    auto [at, end] = known.equal_range(place_hash(instance.id, instance.incarnation));
    for (; at != end; ++at) {
      auto& endpoint = *at->second;
      if (endpoint && endpoint->id == instance.id &&
          endpoint->incarnation == instance.incarnation && endpoint->address == instance.address)
        return std::move(endpoint);
    }
    return nullptr;
  };
  instances_.clear();
  endpoints_.clear();
  bool same = true;
  for (auto& instance : service_->instances) {
    if (instance.health != catalog::Health::healthy || instance.weight == 0) continue;
    auto endpoint = known_one(instance);
    if (!endpoint) {
      endpoint = std::make_shared<Endpoint>(instance);
      if (!first) endpoint->warms_since = now;
    }
    endpoint->draining = false;
    same = same && endpoint->seat == endpoints_.size();
    endpoints_.push_back(std::move(endpoint));
    instances_.push_back(&instance);
  }
  for (auto& endpoint : old_service_endpoints) {
    if (!endpoint) continue;
    endpoint->draining = true;
    endpoint->seat = no_seat;
    endpoint->close_idle();
    leaving_.push_back(std::move(endpoint));
    same = false;
  }
  std::erase_if(leaving_, [](auto& e) { return !e || e->in_flight == 0; });
  auto alike = [](const catalog::Instance* a, const catalog::Instance* b) {
    return a->weight == b->weight && a->zone == b->zone && a->tags == b->tags &&
           a->version == b->version && a->host == b->host;
  };
  return same && std::ranges::equal(old_instances, instances_, alike);
}

void Pool::build(Random& random, MonotonicTime now) {
  auto& policy = this->policy();
  seats_ = Seats();
  seats_.in_flight_max = policy.in_flight_max;
  warming_.clear();
  by_name_.clear();
  for (Seat seat = 0; seat < endpoints_.size(); ++seat) {
    auto& endpoint = *endpoints_[seat];
    endpoint.seat = seat;
    seats_.add(endpoint.id, instances_[seat]->weight, endpoint.in_flight);
    if (endpoint.outlier.resting()) seats_.out[seat] = 1, ++seats_.out_count;
    if (policy.balance.slow_start == Duration(0)) endpoint.warms_since = {};
    if (endpoint.warms_since != MonotonicTime{}) warming_.push_back(seat);
    if (!policy.balance.sticky_cookie.empty()) by_name_[seats_.name[seat]] = seat;
  }
  hash_key_ = RequestKey(policy.balance.key);
  rate_key_ = RequestKey(policy.limit.key);
  rate_ = CellRate::of(policy.limit.per_second, policy.limit.burst);
  key_rate_ = CellRate::of(policy.limit.key_per_second, policy.limit.key_burst);
  queue.set_order(policy.limit.order);
  see_panic();
  groups_.set(policy.balance, own_zone_, instances_, random);
  look(now);
}

void Pool::remove(Random& random, MonotonicTime now) {
  auto gone = std::make_shared<catalog::Service>(*service_);
  gone->instances.clear();
  removed_ = true;
  apply(std::move(gone), random, now);
}

// Choosing ----------------------------------------------------------------------------------------

bool Pool::hashes() const {
  using Way = catalog::BalancePolicy::Way;
  return policy().balance.way == Way::ring || policy().balance.way == Way::maglev;
}

Pool::Pick Pool::pick(const Wish& wish, Random& random, MonotonicTime now) {
  if (endpoints_.empty()) return {Choice::none, nullptr};
  if (now >= next_look_) look(now);
  if (seats_.full == seats_.size()) return {Choice::full, nullptr};
  std::array<Seat, tried_max> tried;
  std::size_t tried_count = 0;
  for (auto& each : wish.tried) {
    if (each && each->seat != no_seat && tried_count < tried_max) tried[tried_count++] = each->seat;
  }
  Ask ask{random, wish.key.value_or(0), wish.key.has_value(), {tried.data(), tried_count}};
  Seat seat = wish.sticky.empty() ? no_seat : sticky_seat(wish.sticky, ask);
  if (seat == no_seat) seat = groups_.pick(ask, wish.tags);
  if (seat == no_seat && tried_count > 0) {
    ask.tried = {};  // the same again, rather than none
    seat = groups_.pick(ask, wish.tags);
  }
  if (seat != no_seat) return {Choice::found, endpoints_[seat]};
  bool all_rest = seats_.out_count == seats_.size() && !seats_.panic;
  bool none = all_rest || !groups_.any(wish.tags);
  return {none ? Choice::none : Choice::full, nullptr};
}

std::string Pool::sticky_value(const Endpoint& endpoint) {
  return fmt::format("{:016x}", hash64(endpoint.id));
}

Seat Pool::sticky_seat(std::string_view value, const Ask& ask) const {
  std::uint64_t name = 0;
  auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), name, 16);
  if (wrong != std::errc() || end != value.data() + value.size()) return no_seat;
  auto found = by_name_.find(name);
  if (found == by_name_.end() || !seats_.may(found->second, ask)) return no_seat;
  return found->second;
}

std::string Pool::why_none(const Wish& wish) const {
  if (!service_ || service_->instances.empty()) return "no instance of " + name_ + " runs";
  if (!endpoints_.empty()) {
    if (!groups_.any(wish.tags))
      return "no instance of " + name_ + " has the tags " + std::string(wish.tags);
    return "every instance of " + name_ + " rests because of what it answered";
  }
  std::string text = "no instance of " + name_ + " is healthy";
  for (auto& instance : service_->instances) {
    if (!instance.why.empty()) return text + " (" + instance.id + ": " + instance.why + ")";
  }
  return text;
}

void Pool::set_tls(std::shared_ptr<const gateway::InstanceTls> tls) {
  if (tls_ == tls) return;
  tls_ = std::move(tls);
  for (auto& endpoint : endpoints_) endpoint->close_idle();
}

void Pool::begin(Endpoint& endpoint) {
  ++endpoint.in_flight;
  ++endpoint.requests;
  ++in_flight_;
  if (Seat seat = endpoint.seat; seat != no_seat) {
    if (++seats_.in_flight[seat] == seats_.in_flight_max) ++seats_.full;
    ++seats_.total;
    groups_.changed(seat);
  }
  if (!queue.empty() && has_room()) queue.wake();
}

void Pool::end(Endpoint& endpoint) {
  --endpoint.in_flight;
  --in_flight_;
  if (Seat seat = endpoint.seat; seat != no_seat) {
    if (seats_.in_flight[seat]-- == seats_.in_flight_max) --seats_.full;
    --seats_.total;
    groups_.changed(seat);
  }
  if (endpoint.draining && endpoint.in_flight == 0) {
    std::erase_if(leaving_, [&](auto& e) { return e.get() == &endpoint; });
  }
  if (!queue.empty()) queue.wake();
}

// Who rests ---------------------------------------------------------------------------------------

bool Pool::note(Endpoint& endpoint, Failure failure, Duration took, MonotonicTime now) {
  auto& policy = this->policy();
  bool failed = failure != Failure::none;
  if (policy.limit.adaptive) {
    bool dropped = failure == Failure::timeout || failure == Failure::refused;
    adaptive_.note(took, dropped, in_flight_, now);
  }
  breaker.note(policy.breaker, failed, now);
  if (!endpoint.outlier.note(policy.eject, failure, took, now) || endpoint.seat == no_seat)
    return false;
  rests(endpoint);
  rests_changed();
  return true;
}

bool Pool::eject(std::string_view id, Duration time, MonotonicTime now) {
  auto found = std::ranges::find_if(endpoints_, [&](auto& each) { return each->id == id; });
  if (found == endpoints_.end()) return false;
  Endpoint& endpoint = **found;
  bool rested = endpoint.outlier.resting();
  endpoint.outlier.rest_by_hand(time, now);
  if (rested) {
    next_look_ = std::min(next_look_, endpoint.outlier.until());
    return true;
  }
  rests(endpoint);
  rests_changed();
  return true;
}

void Pool::rests(Endpoint& endpoint) {
  endpoint.close_idle();
  seats_.out[endpoint.seat] = 1;
  ++seats_.out_count;
  next_look_ = std::min(next_look_, endpoint.outlier.until());
}

void Pool::see_panic() {
  std::size_t left = seats_.size() - seats_.out_count;
  seats_.panic =
      seats_.out_count > 0 && left * 1000 < seats_.size() * policy().eject.panic_permille;
}

void Pool::rests_changed() {
  see_panic();
  groups_.rests_changed();
}

void Pool::look(MonotonicTime now) {
  if (now >= interval_end_) end_interval(now);
  if (bring_back(now)) {
    rests_changed();
    if (!queue.empty()) queue.wake();
  }
  if (!warming_.empty()) warm_up(now);
  next_look_ = interval_end_;
  if (!warming_.empty()) {
    constexpr int steps = 50;
    next_look_ = std::min(next_look_, now + policy().balance.slow_start / steps);
  }
  if (seats_.out_count == 0) return;
  for (auto& each : endpoints_) {
    if (each->outlier.resting()) next_look_ = std::min(next_look_, each->outlier.until());
  }
}

bool Pool::bring_back(MonotonicTime now) {
  if (seats_.out_count == 0) return false;
  bool any = false;
  for (Seat seat = 0; seat < seats_.size(); ++seat) {
    auto& endpoint = *endpoints_[seat];
    if (!endpoint.outlier.resting() || now < endpoint.outlier.until()) continue;
    endpoint.outlier.come_back(policy().eject);
    seats_.out[seat] = 0;
    --seats_.out_count;
    any = true;
    if (policy().balance.slow_start == Duration(0)) continue;
    if (endpoint.warms_since == MonotonicTime{}) warming_.push_back(seat);
    endpoint.warms_since = now;
  }
  return any;
}

/// From a tenth of its share on, in proportion to the time (as Envoy's slow start does with
/// aggression 1 and min_weight_percent 10).
void Pool::warm_up(MonotonicTime now) {
  Duration whole = policy().balance.slow_start;
  std::erase_if(warming_, [&](Seat seat) {
    auto& endpoint = *endpoints_[seat];
    Duration since = now - endpoint.warms_since;
    bool warm = since >= whole;
    float share = static_cast<float>(since.count()) / static_cast<float>(whole.count());
    seats_.warmth[seat] = warm ? 1 : std::max(0.1f, share);
    if (warm) endpoint.warms_since = {};
    groups_.changed(seat);
    return warm;
  });
}

void Pool::end_interval(MonotonicTime now) {
  auto& policy = this->policy().eject;
  interval_end_ = now + policy.interval;
  std::vector<double> means;
  for (auto& each : endpoints_) {
    each->outlier.turn(policy);
    if (policy.latency_permille > 0 && each->outlier.mean_ns() > 0)
      means.push_back(each->outlier.mean_ns());
  }
  if (means.size() < 3) return;  // two say nothing about which of them is out of line
  auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
  std::ranges::nth_element(means, middle);
  bool any = false;
  for (auto& each : endpoints_) {
    if (!each->outlier.judge_latency(policy, *middle, now)) continue;
    rests(*each);
    any = true;
  }
  if (any) rests_changed();
}

// Limits ------------------------------------------------------------------------------------------

Duration Pool::rate(const http::RequestHead& request, std::string_view client_ip,
                    std::string_view caller, MonotonicTime now) {
  if (key_rate_.each != Duration(0)) {
    if (auto key = rate_key_.of(request, client_ip, caller)) {
      Duration wait = rates_->take_of_key(key_rate_, *key, now);
      if (wait > Duration(0)) return wait;
    }
  }
  return rates_->take(rate_, now);
}

std::uint32_t Pool::in_flight_limit(std::uint8_t urgency) const {
  auto& limit = policy().limit;
  std::uint32_t most = limit.in_flight;
  if (limit.adaptive) {
    most = most == 0 ? adaptive_.limit() : std::min(most, adaptive_.limit());
  }
  if (most == 0 || urgency <= RequestFacts::urgency_usual) return most;
  // What is less urgent than usual leaves a tenth free for each step.
  std::uint32_t kept = most * (urgency - RequestFacts::urgency_usual) / 10;
  return std::max<std::uint32_t>(1, most - kept);
}

// What is told ------------------------------------------------------------------------------------

std::vector<std::string> Pool::draining_in_flight() const {
  std::vector<std::string> ids;
  for (auto& endpoint : leaving_) {
    if (endpoint->in_flight > 0) ids.push_back(endpoint->full_name());
  }
  return ids;
}

void Pool::add_resting(std::vector<catalog::OutOfRotation>& to, std::size_t most,
                       MonotonicTime now) const {
  if (seats_.out_count == 0) return;
  for (auto& endpoint : endpoints_) {
    if (to.size() >= most) return;
    if (!endpoint->outlier.resting()) continue;
    std::string why = endpoint->outlier.why(now);
    if (seats_.panic) why += "; asked nevertheless, since too few others are left";
    to.push_back({endpoint->full_name(), std::move(why)});
  }
}

}  // namespace berth::proxy
