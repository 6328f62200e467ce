#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace berth::observe {

/// A Riemann event (riemann.io, concepts): what happened, or was measured, where.
struct Event {
  std::string host;
  std::string service;
  std::string state;
  std::string description;
  std::optional<double> metric;
  WallTime time{};
  Duration ttl{};  // zero: none given
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> attributes;
};

}  // namespace berth::observe
