#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "observe/inputs/input_spec.h"

namespace berth::observe {

/// The sockets of an input, opened all together: none stays open where one cannot be had.
struct OpenPlaces {
  std::vector<std::unique_ptr<Listener>> listeners;  // TLS among them
  std::vector<std::unique_ptr<DatagramSocket>> datagrams;
};

/// Errors: those of listening, with the address; of the certificate.
Result<OpenPlaces> open_places(const InputSpec& spec, const InputLinks& links);

}  // namespace berth::observe
