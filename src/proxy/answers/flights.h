#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "async/wait_list.h"
#include "proxy/answers/cached_answer.h"

namespace berth::proxy {

/// Requests that are under way and may answer others like them (RFC 9111 section 4: "collapse").
/// The first one leads: it is carried; who asks for the same meanwhile waits for what comes of it.
/// Belongs to one ResponseCache's Pool; one reactor.
///
///     leading --head says it is for one alone--> alone: all go by themselves, and for a while
///        |  \--whole answer there--> shared      nobody waits for that URI
///        +--the leader is gone--> again: one of those who waited leads
class Flights {
 public:
  static constexpr std::size_t waiting_max = 10'000;  // on one; beyond, a request goes by itself
  static constexpr std::size_t flights_max = 100'000;
  static constexpr Duration alone_for = 10s;

  /// What came of it, for who waited.
  struct Landed {
    enum class How : std::uint8_t { shared, alone, again };
    How how = How::alone;
    std::shared_ptr<const CachedAnswer> answer;  // of shared
    std::uint64_t identity = 0;                  // for those with the same alone; 0: for all
  };

  struct Flight {
    std::uint64_t key = 0;
    std::string scheme, host, target;
    std::uint64_t route = 0;
    WaitList<Landed> waiting;
  };

  /// The one that `query` may wait for, or null.
  Flight* find(const CacheQuery& query, std::uint64_t key);
  /// Leads from now on; null: too many do, or nothing like it could be shared lately.
  std::shared_ptr<Flight> lead(const CacheQuery& query, std::uint64_t key, MonotonicTime now);
  /// Once: tells all who wait.
  void land(Flight& flight, const Landed& landed, MonotonicTime now);
  std::size_t size() const { return flights_.size(); }

 private:
  struct Lonely {
    std::uint64_t key = 0;
    MonotonicTime until{};
  };
  Lonely& lonely(std::uint64_t key) {
    if (lonely_.empty()) lonely_.resize(1024);
    return lonely_[key % lonely_.size()];
  }
  std::unordered_map<std::uint64_t, std::shared_ptr<Flight>> flights_;
  std::vector<Lonely> lonely_;
};

}  // namespace berth::proxy
