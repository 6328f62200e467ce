#include "observe/alerts/call_graph.h"

namespace berth::observe {

void CallGraph::set(const std::vector<std::pair<std::string, std::string>>& calls) {
  calls_.clear();
  edges_ = 0;
  for (auto& [from, to] : calls) {
    if (from.empty() || to.empty() || from == to || edges_ == edges_max) continue;
    if (calls_[from].insert(to).second) ++edges_;
  }
}

bool CallGraph::reaches(std::string_view from, std::string_view to) const {
  std::set<std::string_view> seen{from};
  std::vector<std::string_view> open{from};
  while (!open.empty()) {
    auto found = calls_.find(open.back());
    open.pop_back();
    if (found == calls_.end()) continue;
    for (auto& next : found->second) {
      if (next == to) return true;
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return false;
}

bool CallGraph::explains(std::string_view cause, std::string_view effect) const {
  if (cause.empty() || effect.empty() || cause == effect) return false;
  return reaches(effect, cause) && !reaches(cause, effect);
}

}  // namespace berth::observe
