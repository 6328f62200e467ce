#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bus/segment_log.h"

namespace berth::bus {

/// What the segment files of a folder hold.
struct RecoveredLog {
  std::vector<std::unique_ptr<LogSegment>> segments;  // each with at least one record
  std::vector<std::uint64_t> useless;                 // files without a record
  std::uint64_t last_number = 0;
  /// The last group of all: whether its sync succeeded nobody knows, so it belongs to no segment
  /// here and is to be written anew: its frames.
  Bytes unproven;
  std::uint32_t unproven_count = 0;
  std::uint64_t next_sequence = 1;  // of its first record
};

/// Reads them in order and tells `visit` of each record but those of the unproven group. Errors: io
/// for damage, naming file and offset, and when the records end before `next_sequence_least`.
Deferred<RecoveredLog> recover_segments(Disk& disk, Log log, std::string folder,
                                        std::uint64_t next_sequence_least, RecordVisit visit);

}  // namespace berth::bus
