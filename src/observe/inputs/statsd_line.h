#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/promql/labels.h"

namespace berth::observe {

/// What one line of StatsD says; borrows from it.
struct StatsdLine {
  enum class Kind : std::uint8_t { counter, gauge, timer, set };

  Kind kind = Kind::counter;
  std::string_view name;
  std::vector<double> values;           // but for sets; of one line they may be several
  std::vector<std::string_view> words;  // of sets
  double rate = 1;                      // one of 1/rate was sent
  bool change = false;                  // of a gauge: the value is added
  std::vector<promql::Label> tags;
};

/// `NAME:VALUE[:VALUE...]|TYPE[|@RATE][|#TAG:VALUE,TAG...]` (etsy's metric_types.md; several values
/// and tags as in Datadog's datagrams). Types: c and m count, g is a gauge ("+1" and "-1" change
/// it), ms, h and d are distributions, s a set. Other parts (a container, a time) are left out.
/// invalid: a sentence that says why; unsupported: an event or a service check of Datadog.
Result<void> read_statsd(std::string_view line, StatsdLine& out);

}  // namespace berth::observe
