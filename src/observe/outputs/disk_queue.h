#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/disk.h"
#include "observe/event.h"

namespace berth::observe {

/// A place in the files of a DiskQueue.
struct QueuePlace {
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const QueuePlace&) const = default;
};

/// Some events from a DiskQueue, of one file.
struct QueueBatch {
  QueuePlace from;
  QueuePlace to;
  WallTime oldest{};  // when the first was accepted
  std::vector<Event> events;
};

/// Events of one importance that wait for an output, in numbered files of about `file_bytes` each
/// (docs/formats/outputs.md), read in the order in which they came. What write() has acknowledged
/// survives kill -9, what sync() has, a power loss. Owned by an OutputQueue, which awaits one thing
/// of it at a time and bounds what it holds. A record that is damaged costs the rest of its file,
/// which is counted.
class DiskQueue {
 public:
  DiskQueue(Disk& disk, std::string folder, std::string name, std::uint64_t file_bytes)
      : disk_(disk), folder_(std::move(folder)), name_(std::move(name)), file_bytes_(file_bytes) {}

  /// Finds what is there behind `done`; cuts the torn end of the newest file.
  Deferred<void> open(QueuePlace done);
  /// Into memory; write() brings it to the file.
  void append(WallTime now, const Event& event);
  /// All that was appended is in the file. After an error it still waits in memory.
  Deferred<void> write();
  Deferred<void> sync();
  /// The oldest events that are in files, at most `events_max`, or exactly up to `to` where that is
  /// still ahead. Empty: there are none.
  Deferred<QueueBatch> read(std::size_t events_max, std::optional<QueuePlace> to);
  /// These are done with. Files that hold no more are removed.
  Deferred<void> pass(QueuePlace to, std::size_t events);
  /// Removes the oldest file, or else what waits in memory. Returns how many events were lost by
  /// that: those of the batch that was read last do not count, since they are being sent.
  Deferred<std::uint64_t> drop_oldest();

  const std::string& name() const { return name_; }
  QueuePlace done() const { return done_; }
  std::uint64_t events() const { return written_events_ + unwritten_events_ + writing_events_; }
  std::uint64_t written_events() const { return written_events_; }
  /// In files and in memory.
  std::uint64_t bytes() const;
  std::size_t unwritten_bytes() const { return unwritten_.size() + writing_.size(); }
  /// When the oldest of them was accepted; only if there are any.
  WallTime oldest() const { return oldest_; }
  /// Events that could not be read any more.
  std::uint64_t damaged() const { return damaged_; }

 private:
  struct Part {
    std::uint32_t number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t events = 0;  // that are not done with
  };

  std::string path(std::uint32_t number) const;
  Deferred<void> count(Part& part, std::uint64_t from, bool newest);
  Deferred<void> next_file();
  Deferred<void> remove_dropped();
  void leave_damaged(Part& part);

  Disk& disk_;
  const std::string folder_;
  const std::string name_;
  const std::uint64_t file_bytes_;
  std::deque<Part> parts_;  // oldest first; the last is written to
  std::unique_ptr<File> file_;
  std::unique_ptr<File> reader_;
  std::uint32_t reader_number_ = 0;
  QueuePlace done_;
  std::size_t reading_ = 0;  // events of the batch that was read last and is not done with
  std::string unwritten_;
  std::string writing_;  // what a write under way, or a failed one, is of
  std::uint64_t unwritten_events_ = 0;
  std::uint64_t writing_events_ = 0;
  std::uint64_t written_events_ = 0;
  std::vector<std::uint32_t> dropped_;  // files that are to be removed
  WallTime oldest_{};
  std::uint64_t damaged_ = 0;
  bool unsynced_ = false;
};

}  // namespace berth::observe
