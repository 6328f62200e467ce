#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/streams/event_fields.h"
#include "observe/streams/query.h"

namespace berth::observe::streams {

/// The last event of each host and service (riemann index.clj). A table with open addressing over
/// slots that stay where they are, so that an event of a known host and service is put in its place
/// without an allocation. Belongs to one reactor. Full: a new host and service is refused.
class Index {
 public:
  explicit Index(std::size_t events_max) : events_max_(events_max) {}

  /// An event of state "expired" deletes what is there. invalid: it has no time; overloaded: full.
  Result<void> insert(const Event& event);
  void set_events_max(std::size_t events_max) { events_max_ = events_max; }
  bool remove(std::string_view host, std::string_view service);
  void clear();
  const Event* find(std::string_view host, std::string_view service) const;
  std::size_t size() const { return size_; }
  void each(const std::function<void(const Event&)>& visit) const;
  /// Those that match, at most `most`; a query for one host and service looks at that alone.
  void search(const Query& query, std::size_t most,
              const std::function<void(const Event&)>& visit) const;
  /// Removes what is older than its ttl and hands it to `visit` (riemann index.clj, expire), of
  /// `slots` slots from `from` on. Returns where to go on; 0: that was all.
  std::size_t expire(WallTime now, std::size_t from, std::size_t slots,
                     const std::function<void(const Event&)>& visit);

 private:
  struct Slot {
    Event event;
    std::uint64_t hash = 0;
    bool used = false;
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::size_t place_of(std::uint64_t hash, std::string_view host, std::string_view service) const;
  void remove_slot(std::uint32_t slot);
  void grow();

  std::size_t events_max_;
  std::size_t size_ = 0;
  std::vector<std::uint32_t> table_;  // slots by hash; none: free
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace berth::observe::streams
