#include "bus/segment_log.h"

#include <algorithm>

#include "async/random.h"
#include "bus/segment_recovery.h"

namespace berth::bus {
namespace {

/// Syncing what overwrites zeros costs the file system no change of the file's size; small groups
/// are therefore followed by zeros now and then.
constexpr std::uint64_t zeros_bytes = 256 << 10;
constexpr std::uint64_t zeros_group_max = zeros_bytes / 16;

BytesList with_zeros(const LogSegment& segment, std::string_view group,
                     std::uint64_t segment_bytes) {
  static char zeros[zeros_bytes];
  BytesList bytes(Bytes::copy(group));
  std::uint64_t end = segment.end + group.size();
  if (end > segment.filled && group.size() <= zeros_group_max && end < segment_bytes) {
    bytes.add(Bytes::literal({zeros, std::min(zeros_bytes, segment_bytes - end)}));
  }
  return bytes;
}

}  // namespace

std::string segment_path(const std::string& folder, std::uint64_t number) {
  std::string digits = std::to_string(number);
  return folder + "/" + std::string(digits.size() < 12 ? 12 - digits.size() : 0, '0') + digits +
         ".log";
}

void LogSegment::add(const GroupPlace& group) {
  if (index.empty() || group.offset - index.back().offset >= index_bytes) {
    index.push_back({group.header.first_sequence, header.number, group.offset});
  }
  end = group.end();
  filled = std::max(filled, end);
}

Result<void> visit_group(std::uint64_t segment, const GroupPlace& group, std::string_view frames,
                         const RecordVisit& visit) {
  LogCursor at{group.header.first_sequence, segment, group.offset};
  std::uint64_t sequence = at.sequence;
  Result<void> visited;
  bool whole = read_frames(frames, group.header.count, [&](const Frame& frame) {
    if (!visited.ok()) return;
    auto offset = static_cast<std::uint32_t>(group.offset + GroupHeader::size + frame.offset);
    auto bytes = static_cast<std::uint32_t>(frame.payload.size());
    visited = visit({sequence++, {segment, offset, bytes}, at, frame.payload});
  });
  if (!whole) {
    return Error(Code::io, "segment " + std::to_string(segment) +
                               " of the log is damaged at byte " + std::to_string(group.offset) +
                               "; restore it from a backup");
  }
  return visited;
}

SegmentLog::SegmentLog(World& world, Log log, SegmentLogOptions options, Synced synced)
    : world_(world), log_(log), options_(std::move(options)), synced_(std::move(synced)) {}
SegmentLog::~SegmentLog() = default;

LogSegment* SegmentLog::find(std::uint64_t number) const {
  auto at = std::ranges::lower_bound(segments_, number, {},
                                     [](auto& segment) { return segment->header.number; });
  return at != segments_.end() && (*at)->header.number == number ? at->get() : nullptr;
}

std::uint64_t SegmentLog::end_sequence(std::size_t index) const {
  return index + 1 < segments_.size() ? segments_[index + 1]->header.first_sequence
                                      : next_sequence_;
}

Deferred<void> SegmentLog::open(std::uint64_t next_sequence_least, Visit visit) {
  co_await world_.disk.make_durable_folder(options_.folder);
  auto found =
      co_await recover_segments(world_.disk, log_, options_.folder, next_sequence_least, visit);
  segments_ = std::move(found.segments);
  last_number_ = found.last_number;
  next_sequence_ = found.next_sequence;
  co_await begin_segment();
  if (found.unproven_count > 0) {
    Group group;
    auto add = [&](const Frame& frame) { group.buffer.add(frame.payload, {}); };
    check(read_frames(found.unproven.view(), found.unproven_count, add), "a group changed");
    GroupPlace place = co_await write(group);
    take_in(place);
    co_await or_return(visit_group(active_->header.number, place, group.buffer.frames(), visit));
  }
  for (std::uint64_t number : found.useless) co_await remove_file(number);
  scope_.add(write_groups());
}

Deferred<void> SegmentLog::append(std::string_view head, std::string_view body) {
  if (closed_) return failed<void>(Error(Code::closed, "the message log is closed"));
  std::size_t size = head.size() + body.size() + Frame::header_size;
  if (waiting_bytes_ + size > options_.queue_bytes_max) {
    return failed<void>(Error(Code::overloaded, "too much waits to be written to " +
                                                    options_.folder +
                                                    ": its disk is slow; try again later"));
  }
  if (waiting_.empty() || waiting_.back().buffer.size() >= options_.group_bytes_max) {
    waiting_.emplace_back();
  }
  waiting_.back().buffer.add(head, body);
  waiting_bytes_ += size;
  idle_.reset();
  wake_.set();
  return waiting_.back().waiters.emplace_back().deferred();
}

Deferred<void> SegmentLog::write_groups() {
  for (;;) {
    while (waiting_.empty()) {
      idle_.set();
      wake_.reset();
      co_await wake_.wait();
    }
    Group group = std::move(waiting_.front());
    waiting_.pop_front();
    auto written = co_await write(group).result();
    settle(std::move(group), written);
  }
}

Deferred<GroupPlace> SegmentLog::write(Group& group) {
  bool full = active_ && active_->end + group.buffer.size() > options_.segment_bytes;
  if (full && !active_->index.empty()) active_ = nullptr;
  if (!active_) co_await begin_segment();
  LogSegment& segment = *active_;
  std::string_view text = group.buffer.seal(segment.header.nonce, segment.end, next_sequence_);
  BytesList bytes = with_zeros(segment, text, options_.segment_bytes);
  std::uint64_t filled = segment.end + bytes.size();
  auto unsynced = co_await segment.file->write_synced(segment.end, std::move(bytes));
  if (unsynced) {
    log_.error(
        "the message log could not be synced; it goes on in a new file",
        {{"path", segment_path(options_.folder, segment.header.number)}, {"error", *unsynced}});
    co_await abandon_segment();
    co_return std::move(*unsynced);
  }
  segment.filled = std::max(segment.filled, filled);
  auto frames = static_cast<std::uint32_t>(group.buffer.frames().size());
  co_return GroupPlace{segment.end, {frames, group.buffer.count(), next_sequence_}};
}

void SegmentLog::take_in(const GroupPlace& place) {
  active_->add(place);
  next_sequence_ += place.header.count;
}

Deferred<void> SegmentLog::begin_segment() {
  auto segment = std::make_unique<LogSegment>();
  segment->header = {++last_number_, next_sequence_, world_.random.next()};
  std::string path = segment_path(options_.folder, last_number_);
  segment->file = co_await world_.disk.open(path, OpenMode::create_new);
  auto written = co_await segment->file->write(0, Bytes::copy(segment->header.encode())).result();
  if (written.ok()) written = co_await segment->file->sync().result();
  if (written.ok()) written = co_await world_.disk.sync_folder(options_.folder).result();
  if (!written.ok()) {
    co_await remove_file(segment->header.number);
    co_await fail_with(std::move(written).error());
  }
  active_ = segment.get();
  segments_.push_back(std::move(segment));
}

Deferred<void> SegmentLog::abandon_segment() {
  LogSegment* segment = std::exchange(active_, nullptr);
  if (!segment->index.empty()) co_return;
  std::uint64_t number = segment->header.number;
  segments_.pop_back();
  co_await remove_file(number);
}

/// A file that stays is found useless, and removed, when the log is opened the next time.
Deferred<void> SegmentLog::remove_file(std::uint64_t number) {
  std::string path = segment_path(options_.folder, number);
  auto removed = co_await world_.disk.remove(path).result();
  if (removed.ok()) removed = co_await world_.disk.sync_folder(options_.folder).result();
  if (!removed.ok()) {
    log_.warning("a file of the message log stays", {{"path", path}, {"error", removed.error()}});
  }
}

/// In one go, so that whoever reads the log up to its end and is told of what follows misses no
/// record and gets none twice.
void SegmentLog::settle(Group group, const Result<GroupPlace>& written) {
  waiting_bytes_ -= group.buffer.frames().size();
  if (!written.ok()) {
    for (auto& waiter : group.waiters) waiter.errback(written.error());
    return;
  }
  take_in(*written);
  auto told = visit_group(active_->header.number, *written, group.buffer.frames(),
                          [this](const LogRecord& record) -> Result<void> {
                            synced_(record);
                            return {};
                          });
  check(told.ok(), "a group was changed while it was written");
  for (auto& waiter : group.waiters) waiter.callback();
}

Deferred<Bytes> SegmentLog::read(RecordPlace place) {
  LogSegment* segment = find(place.segment);
  if (!segment) co_return Error(Code::not_found, "the message is no longer in the log");
  std::size_t bytes = Frame::header_size + place.bytes;
  Bytes frame = co_await segment->file->read(place.offset, bytes);
  if (!read_frame(frame.view())) {
    co_return Error(Code::io, segment_path(options_.folder, place.segment) +
                                  " is damaged at byte " + std::to_string(place.offset) +
                                  "; restore it from a backup");
  }
  frame.remove_prefix(Frame::header_size);
  co_return frame;
}

Deferred<LogChunk> SegmentLog::read_chunk(LogCursor at, std::size_t bytes) {
  LogChunk chunk;
  chunk.next = at;
  LogSegment* segment = find(at.segment);
  if (!segment || at.offset >= segment->end) {
    chunk.next = cursor_at(at.sequence);
    co_return std::move(chunk);
  }
  std::uint64_t left = segment->end - at.offset;
  SegmentHeader header = segment->header;
  File& file = *segment->file;
  chunk.bytes = co_await file.read(at.offset, std::min<std::uint64_t>(left, bytes));
  auto first = GroupHeader::decode(chunk.bytes.view(), header.nonce, at.offset);
  if (first && GroupHeader::size + first->bytes > chunk.bytes.size()) {
    chunk.bytes = co_await file.read(at.offset, GroupHeader::size + first->bytes);
  }
  std::string_view text = chunk.bytes.view();
  while (text.size() >= GroupHeader::size) {
    auto group = GroupHeader::decode(text, header.nonce, chunk.next.offset);
    if (!group || group->first_sequence != chunk.next.sequence) {
      co_return Error(Code::io, segment_path(options_.folder, at.segment) + " is damaged at byte " +
                                    std::to_string(chunk.next.offset) +
                                    "; restore it from a backup");
    }
    text.remove_prefix(GroupHeader::size);
    if (text.size() < group->bytes) break;
    GroupPlace place{chunk.next.offset, *group};
    co_await or_return(visit_group(at.segment, place, text.substr(0, group->bytes),
                                   [&](const LogRecord& record) -> Result<void> {
                                     chunk.records.push_back(record);
                                     return {};
                                   }));
    text.remove_prefix(group->bytes);
    chunk.next.offset = place.end();
    chunk.next.sequence += group->count;
  }
  co_return std::move(chunk);
}

LogCursor SegmentLog::cursor_at(std::uint64_t sequence) const {
  auto behind = std::ranges::upper_bound(
      segments_, sequence, {}, [](auto& segment) { return segment->header.first_sequence; });
  if (behind == segments_.begin()) return cursor_at(segments_.front()->header.first_sequence);
  LogSegment& segment = **(behind - 1);
  if (sequence >= next_sequence_) return {next_sequence_, segment.header.number, segment.end};
  auto group = std::ranges::upper_bound(segment.index, sequence, {}, &LogCursor::sequence);
  check(group != segment.index.begin(), "a segment without the record it begins with");
  return *(group - 1);
}

std::uint64_t SegmentLog::bytes() const {
  std::uint64_t sum = waiting_bytes_;
  for (auto& segment : segments_) sum += segment->end;
  return sum;
}

std::pair<std::uint64_t, std::uint64_t> SegmentLog::oldest_finished() const {
  if (segments_.empty() || segments_.front().get() == active_) return {0, 0};
  return {segments_.front()->header.number, end_sequence(0)};
}

/// Synced one by one, so that the files that are there after a crash are without a gap.
Deferred<void> SegmentLog::forget_before(std::uint64_t sequence) {
  while (removal_unsynced_ || (segments_.size() > 1 && end_sequence(0) <= sequence)) {
    if (removal_unsynced_) {
      co_await world_.disk.sync_folder(options_.folder);
      removal_unsynced_ = false;
      continue;
    }
    std::string path = segment_path(options_.folder, segments_.front()->header.number);
    auto removed = co_await world_.disk.remove(path).result();
    if (!removed.ok() && !removed.error().is(Code::not_found)) {
      co_await fail_with(std::move(removed).error());
    }
    segments_.erase(segments_.begin());
    removal_unsynced_ = true;
  }
}

Deferred<void> SegmentLog::close() {
  closed_ = true;
  while (scope_.size() > 0 && !idle_.is_set()) co_await idle_.wait();
  co_await scope_.close();
}

}  // namespace berth::bus
