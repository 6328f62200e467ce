#pragma once

#include <map>
#include <string>
#include <vector>

#include "console/sentence.h"
#include "console/sources.h"
#include "console/traffic.h"

namespace berth::console {

/// What the console knows of the whole: the last minute's traffic, each service's condition with
/// the time since which it holds, and the sentence. Told by its owner of each second that was
/// counted; looks at the control state whenever it is asked. Tells the feed when a service begins
/// to fail by what it answers and when that is over: nobody else sees it. Belongs to one reactor.
class Overview {
 public:
  explicit Overview(const Sources& sources) : sources_(sources) {}

  /// Takes in what was counted until `observer.counted_until()`.
  void count_second();
  /// Judges all services by the control state as it is now. The answer is valid until this
  /// reactor's next turn.
  const std::vector<ServiceNow>& look();
  /// As of the last look().
  Sentence sentence() const { return make_sentence(services_, calls_, well_since_); }

  /// Seconds since 1970: the numbers are of the time before it.
  std::int64_t until() const { return until_; }
  const Traffic& traffic() const { return traffic_; }
  /// Null if the service had no request in the last minute.
  const ServiceTraffic* traffic_of(std::string_view service) const;
  const std::vector<Call>& calls() const { return calls_; }

 private:
  /// What is remembered of a service between looks.
  struct Known {
    Health health;
    bool by_errors;
    WallTime since;
  };
  void judge(const placement::DesiredService& desired);
  WallTime began(const std::string& service, const Condition& condition, bool first) const;
  void tell_feed(const std::string& service, const Condition& condition, const Known& before,
                 WallTime since);

  const Sources& sources_;
  std::int64_t until_ = 0;
  Traffic traffic_;
  std::vector<Call> calls_;
  std::map<std::string, Known, std::less<>> known_;
  std::vector<ServiceNow> services_;
  WallTime well_since_{};
  bool was_well_ = false;
};

}  // namespace berth::console
