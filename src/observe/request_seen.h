#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace berth::observe {

/// What observation needs of one request's access record. Texts are borrowed for the call.
struct RequestSeen {
  std::string_view service;
  std::string_view caller;  // a service, "gateway", "bus" or "unknown"
  std::string_view instance;
  std::string_view method;
  std::string_view target;
  std::string_view termination;  // HAProxy's termination state, e.g. "----"
  int status = 0;                // 0: no answer
  std::uint32_t retries = 0;
  Duration took{};
  Duration waited{};      // in the queue, for an instance (Tw); zero where it was not reached
  Duration connecting{};  // to the instance (Tc)
  Duration answering{};   // until the answer's first byte (Tr)
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  WallTime ended{};
};

}  // namespace berth::observe
