#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "observe/promql/matcher.h"

namespace berth::observe {

/// For a while nobody is told of alerts that all matchers accept.
struct Silence {
  std::string id;
  std::string matchers;  // as PromQL writes them: {service="api",severity=~"war.*"}
  WallTime starts{};
  WallTime ends{};
  std::string by;
  std::string comment;
};

/// Silences, kept for a while after they ended. Plain values; belongs to Alerts, which keeps them
/// on disk. At most `silences_max`.
class Silences {
 public:
  static constexpr std::size_t silences_max = 1000;
  static constexpr Duration ended_kept = 120h;

  /// invalid: matchers that cannot be read, or none at all; it ends before it starts. overloaded.
  Result<void> add(Silence silence);
  /// Ends it now; false: there is none that has not ended.
  bool end(std::string_view id, WallTime now);
  /// Forgets those that ended long ago; true if there were any.
  bool forget(WallTime now);
  /// The first that silences these labels now, or null.
  const Silence* of(const promql::Labels& labels, WallTime now) const;

  std::vector<Silence> all() const;
  Json json() const;
  /// What is wrong with one of them leaves it out.
  void restore(const Json& json);

 private:
  struct Read {
    Silence silence;
    std::vector<promql::Matcher> matchers;
  };
  std::vector<Read> all_;
};

Json silence_json(const Silence& silence);

}  // namespace berth::observe
