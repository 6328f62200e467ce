#include "bus/segment_recovery.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::bus {
namespace {

constexpr std::string_view file_ending = ".log";

struct FoundSegment {
  SegmentHeader header;
  std::unique_ptr<File> file;
  std::string path;
};
struct ReadSegment {
  Bytes bytes;
  SegmentScan scan;
};

Error damage(const std::string& path, std::uint64_t offset, const std::string& what) {
  return Error(Code::io, path + " is damaged at byte " + std::to_string(offset) + ": " + what +
                             "; restore the folder from a backup, or move it away to begin anew");
}

Deferred<std::vector<std::uint64_t>> list_segments(Disk& disk, std::string folder) {
  std::vector<std::uint64_t> numbers;
  for (auto& entry : co_await disk.list(folder)) {
    std::string_view name = entry.name;
    if (entry.is_folder || !name.ends_with(file_ending)) continue;
    name.remove_suffix(file_ending.size());
    auto number = parse_integer<std::uint64_t>(name, 1);
    if (number.ok()) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  co_return std::move(numbers);
}

/// Those with a header. A file without one was never begun: groups follow a synced header only.
Deferred<std::vector<FoundSegment>> find_segments(Disk& disk, std::string folder,
                                                  std::vector<std::uint64_t> numbers,
                                                  std::vector<std::uint64_t>& useless) {
  std::vector<FoundSegment> found;
  for (std::uint64_t number : numbers) {
    std::string path = segment_path(folder, number);
    auto file = co_await disk.open(path, OpenMode::read);
    Bytes head = co_await file->read(0, SegmentHeader::size);
    auto header = SegmentHeader::decode(head.view());
    if (header && header->number == number) {
      if (!found.empty() && found.back().header.first_sequence > header->first_sequence) {
        co_return damage(path, 0, "its messages are older than those of the file before it");
      }
      found.push_back({*header, std::move(file), path});
      continue;
    }
    std::uint64_t size = co_await file->size();
    Bytes rest = co_await file->read(0, size);
    if (rest.view().find_first_not_of('\0', std::min(SegmentHeader::size, rest.size())) !=
        std::string_view::npos) {
      co_return damage(path, 0, "it has no readable header, but content");
    }
    useless.push_back(number);
  }
  co_return std::move(found);
}

Deferred<ReadSegment> read_segment(FoundSegment& segment) {
  std::uint64_t size = co_await segment.file->size();
  Bytes bytes = co_await segment.file->read(0, size);
  SegmentScan scan = scan_segment(bytes.view(), segment.header);
  co_return ReadSegment{std::move(bytes), std::move(scan)};
}

Error broken(const FoundSegment& segment, const SegmentScan& scan, const std::string& why) {
  return damage(segment.path, scan.end,
                "message " + std::to_string(scan.next_sequence) + " cannot be read, " + why);
}

/// The last segment with a group, read. Those behind it were begun, and nothing in them was synced.
Deferred<ReadSegment> read_last(std::vector<FoundSegment>& found,
                                std::vector<std::uint64_t>& useless) {
  while (!found.empty()) {
    ReadSegment read = co_await read_segment(found.back());
    if (auto at = read.scan.good_group_behind_damage) {
      co_return broken(found.back(), read.scan,
                       "but what was written after it can, at byte " + std::to_string(*at));
    }
    if (!read.scan.groups.empty()) co_return std::move(read);
    useless.push_back(found.back().header.number);
    found.pop_back();
  }
  co_return ReadSegment{};
}

std::string_view frames_of(const ReadSegment& read, const GroupPlace& group) {
  return read.bytes.view().substr(group.offset + GroupHeader::size, group.header.bytes);
}

/// Takes the groups with records before `limit`.
Result<std::unique_ptr<LogSegment>> take_groups(FoundSegment& found, const ReadSegment& read,
                                                std::uint64_t limit, const RecordVisit& visit) {
  auto segment = std::make_unique<LogSegment>();
  segment->header = found.header;
  for (auto& group : read.scan.groups) {
    if (group.header.first_sequence >= limit) break;
    segment->add(group);
    TRY(visit_group(found.header.number, group, frames_of(read, group), visit));
  }
  segment->file = std::move(found.file);
  return segment;
}

}  // namespace

Deferred<RecoveredLog> recover_segments(Disk& disk, Log log, std::string folder,
                                        std::uint64_t next_sequence_least, RecordVisit visit) {
  RecoveredLog recovered;
  auto numbers = co_await list_segments(disk, folder);
  if (!numbers.empty()) recovered.last_number = numbers.back();
  auto found = co_await find_segments(disk, folder, std::move(numbers), recovered.useless);
  ReadSegment last = co_await read_last(found, recovered.useless);
  std::uint64_t end = found.empty() ? 1 : last.scan.next_sequence;
  if (end < next_sequence_least) {
    co_return Error(Code::io,
                    "the log in " + folder + " ends before message " + std::to_string(end) +
                        ", but messages before " + std::to_string(next_sequence_least) +
                        " were acknowledged: a file is missing or its end is damaged; restore the "
                        "folder from a backup, or move it away to begin anew");
  }
  for (std::size_t i = 0; i + 1 < found.size(); i++) {
    std::uint64_t limit = found[i + 1].header.first_sequence;
    ReadSegment read = co_await read_segment(found[i]);
    if (read.scan.next_sequence < limit) {
      co_return broken(found[i], read.scan,
                       "and the next file begins with " + std::to_string(limit));
    }
    auto segment = co_await or_return(take_groups(found[i], read, limit, visit));
    if (segment->index.empty()) {
      recovered.useless.push_back(segment->header.number);
    } else {
      recovered.segments.push_back(std::move(segment));
    }
  }
  if (found.empty()) co_return std::move(recovered);

  GroupPlace unproven = last.scan.groups.back();
  recovered.next_sequence = unproven.header.first_sequence;
  recovered.unproven = last.bytes.slice(unproven.offset + GroupHeader::size, unproven.header.bytes);
  recovered.unproven_count = unproven.header.count;
  if (!last.scan.clean_end) {
    log.info("the torn end of a log, which was never acknowledged, was cut",
             {{"path", found.back().path}, {"byte", last.scan.end}});
  }
  auto segment =
      co_await or_return(take_groups(found.back(), last, unproven.header.first_sequence, visit));
  if (segment->index.empty()) {
    recovered.useless.push_back(segment->header.number);
  } else {
    recovered.segments.push_back(std::move(segment));
  }
  co_return std::move(recovered);
}

}  // namespace berth::bus
