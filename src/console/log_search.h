#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/world.h"
#include "http/router.h"
#include "observe/logs/log_store.h"

namespace berth::console {

inline constexpr std::size_t found_lines_max = 5000;
inline constexpr std::size_t histogram_steps_max = 500;

/// FOUND of docs/formats/api.md.
std::string found_line_json(const observe::FoundLine& line);

/// Lines that match a query, as server-sent events while they come. Looks at the store's memory at
/// most each `pause`; lines that have left it before are counted, and the reader is told. Belongs
/// to its response.
class FoundStream final : public http::BodySource {
 public:
  static constexpr Duration pause = 100ms;

  /// From the line `sequence` on. `followers` counts this stream while it lives.
  FoundStream(Clock& clock, observe::LogStore& store, observe::LogQuery query,
              std::uint64_t sequence, std::shared_ptr<std::size_t> followers);
  ~FoundStream() override { --*followers_; }

  Deferred<Bytes> read() override;

 private:
  Clock& clock_;
  observe::LogStore& store_;
  observe::LogQuery query_;
  std::uint64_t next_;
  std::shared_ptr<std::size_t> followers_;
  bool begun_ = false;
};

/// GET /v1/logs, /v1/logs/histogram and /v1/logs/tail. The store outlives the router.
void add_log_search_routes(http::Router& router, World& world, observe::LogStore& store);

}  // namespace berth::console
