#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

struct RemoteWriteLimits {
  std::size_t body_bytes_max = 16 << 20;      // as it comes
  std::size_t unpacked_bytes_max = 64 << 20;  // of it
  std::size_t labels_max = 64;                // of a series
  std::size_t labels_bytes_max = 16 << 10;    // of a series
};

/// What became of one request's samples.
struct WriteOutcome {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::string first;   // why the first was refused
  bool later = false;  // one was refused because of what may pass: send it again
};

/// Reads requests of Prometheus' remote write 1.0 (prometheus.io/docs/concepts/remote_write_spec:
/// a snappy block of protobuf) into a store. Series that have come before are known by the hash of
/// their encoded labels, so that these are read once. Lives beside the store; it is for one
/// reactor.
class RemoteWriteReader {
 public:
  explicit RemoteWriteReader(SampleStore& store, RemoteWriteLimits limits = {})
      : store_(store), limits_(limits) {}

  /// invalid: no such request, nothing was taken. Samples that the store refuses do not keep others
  /// out.
  Result<WriteOutcome> read(std::string_view body);
  const RemoteWriteLimits& limits() const { return limits_; }

 private:
  struct Known {
    std::uint64_t check;
    std::uint32_t number;
  };

  Result<void> read_series(std::string_view text, WriteOutcome& outcome);
  Result<HeadSeries*> series_of(std::string_view labels);
  Result<HeadSeries*> new_series(std::string_view labels);

  SampleStore& store_;
  const RemoteWriteLimits limits_;
  std::unordered_map<std::uint64_t, Known> known_;
};

}  // namespace berth::observe
