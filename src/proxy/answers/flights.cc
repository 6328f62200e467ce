#include "proxy/answers/flights.h"

#include "base/strings.h"

namespace berth::proxy {

Flights::Flight* Flights::find(const CacheQuery& query, std::uint64_t key) {
  auto found = flights_.find(key);
  if (found == flights_.end()) return nullptr;
  Flight& flight = *found->second;
  bool same = flight.target == query.target && flight.route == query.route &&
              flight.scheme == query.scheme && equal_ignoring_case(flight.host, query.host);
  return same && flight.waiting.size() < waiting_max ? &flight : nullptr;
}

std::shared_ptr<Flights::Flight> Flights::lead(const CacheQuery& query, std::uint64_t key,
                                               MonotonicTime now) {
  if (flights_.size() >= flights_max || flights_.contains(key)) return nullptr;
  if (auto& place = lonely(key); place.key == key && now < place.until) return nullptr;
  auto flight = std::make_shared<Flight>();
  flight->key = key;
  flight->scheme = query.scheme;
  flight->host = query.host;
  flight->target = query.target;
  flight->route = query.route;
  flights_[key] = flight;
  return flight;
}

void Flights::land(Flight& flight, const Landed& landed, MonotonicTime now) {
  auto found = flights_.find(flight.key);
  if (found == flights_.end() || found->second.get() != &flight) return;
  auto kept = std::move(found->second);
  flights_.erase(found);
  if (landed.how == Landed::How::alone && !kept->waiting.empty())
    lonely(flight.key) = {flight.key, now + alone_for};
  while (!kept->waiting.empty()) kept->waiting.wake(landed);
}

}  // namespace berth::proxy
