#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::observe {

/// Who calls whom, for alerts: what is wrong with a service is no news about those that call it. A
/// plain value. At most `edges_max` calls; what is beyond is left out, so that more is told, never
/// less.
class CallGraph {
 public:
  static constexpr std::size_t edges_max = 20'000;

  /// All calls: from, to.
  void set(const std::vector<std::pair<std::string, std::string>>& calls);
  /// True if `effect` calls `cause`, itself or by others, and `cause` does not call `effect`: of
  /// services that call one another none explains the other.
  bool explains(std::string_view cause, std::string_view effect) const;
  std::size_t size() const { return edges_; }

 private:
  bool reaches(std::string_view from, std::string_view to) const;

  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> calls_;
  std::size_t edges_ = 0;
};

}  // namespace berth::observe
