#pragma once

#include <optional>
#include <string>

#include "console/overview.h"
#include "console/sources.h"

namespace berth::console {

/// Builds the JSON of the state and of one service (docs/formats/api.md) from what stands in the
/// mirror, was counted and is known of the bus. One object for all readers; belongs to one reactor.
class StateView {
 public:
  static constexpr std::size_t feed_max = 200;

  StateView(const Sources& sources, const ApiOptions& options, Overview& overview)
      : sources_(sources), options_(options), overview_(overview) {}

  /// GET /v1/state.
  std::string state() const;
  /// GET /v1/services/NAME; nothing if there is no such service.
  std::optional<std::string> service(std::string_view name) const;

 private:
  void write_addresses(JsonWriter& out) const;
  void write_calls(JsonWriter& out) const;
  void write_feed(JsonWriter& out) const;
  void write_topics(JsonWriter& out) const;

  const Sources& sources_;
  const ApiOptions& options_;
  Overview& overview_;
};

}  // namespace berth::console
