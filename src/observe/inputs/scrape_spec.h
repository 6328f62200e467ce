#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/time.h"
#include "observe/promql/labels.h"

namespace berth::observe {

/// What an input of kind "scrape" asks, and how (docs/formats/observe.md).
struct ScrapeSpec {
  struct Target {
    std::string url;
    std::string instance;  // "10.0.0.7:9100"
    bool operator==(const Target&) const = default;
  };

  std::vector<Target> targets;
  std::string job;
  Duration every = 15s;
  Duration timeout = 10s;
  bool honor_labels = false;          // a target's own job and instance stay; else as exported_job
  bool honor_timestamps = true;       // times that a target tells count
  std::vector<promql::Label> labels;  // put on every sample
  std::size_t samples_max = 100'000;  // of one scrape; with more it failed
  std::size_t body_bytes_max = 32 << 20;
  bool operator==(const ScrapeSpec&) const = default;
};

}  // namespace berth::observe
