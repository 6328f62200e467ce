#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/sync.h"
#include "async/wait_list.h"
#include "observe/line_intake.h"
#include "observe/line_journal.h"
#include "observe/line_spill.h"

namespace berth::observe {

struct LineQueueLimits {
  std::size_t memory_bytes_max = 64 << 20;     // beyond, senders wait, or lines are spilled
  std::uint64_t spill_bytes_max = 1ULL << 30;  // of lines whose senders cannot wait; see below
  Duration turn_max = 2ms;                     // of handling lines, before others have their turn
};

/// Between receivers and LineIntake: what cannot be handled at once waits here, so that receiving
/// goes before handling. Three kinds of senders, by what can be done about them:
///
///   take_kept()  waits for an acknowledgement: the line is in the journal at the next commit(),
///                which also waits for room; never dropped
///   take_slow()  reads on after room(): TCP slows down; never dropped
///   take()       cannot wait (datagrams): beyond `memory_bytes_max` lines are spilled to disk;
///                of the spill's room debug lines get half, informational ones three quarters,
///                warnings 95 %, errors all: then they are dropped, counted by input and level
///
/// A line that finds nobody waiting is handled at once, without a copy. Belongs to one reactor.
/// Spilled lines are handled after those in memory, also after a restart.
class LineQueue {
 public:
  using Commit = std::function<Deferred<void>()>;
  struct Dropped {
    std::string input;
    LogLevel level;
    auto operator<=>(const Dropped&) const = default;
  };

  LineQueue(World& world, Log log, LineIntake& intake, const std::string& folder,
            LineQueueLimits limits = {});

  /// Hands on again what was acknowledged and not counted, behind number `counted`; begins.
  Deferred<void> open(std::uint64_t counted);
  /// Handles what is in memory, and ends. What is spilled stays for the next start.
  Deferred<void> close();

  void take(const LogLine& line);
  void take_slow(const LogLine& line);
  void take_kept(const LogLine& line);
  Deferred<void> room();
  /// All of take_kept() until now survives kill -9. Errors: those of the disk.
  Deferred<void> commit();
  /// Waited for by commit() as well, for those who keep lines themselves.
  void also_commit(Commit commit) { commits_.push_back(std::move(commit)); }

  /// All kept lines up to this number were handed on.
  std::uint64_t counted() const { return counted_; }
  /// Those up to this number need not be kept any more.
  Deferred<void> forget(std::uint64_t number) { return journal_.forget(number); }
  std::size_t waiting_bytes() const { return memory_bytes_; }
  std::uint64_t spilled_bytes() const { return spill_.bytes(); }
  std::uint64_t spilled() const { return spilled_; }
  const std::map<Dropped, std::uint64_t>& dropped() const { return dropped_; }

 private:
  bool may_go_at_once() const;
  void hold(std::uint64_t number, const LogLine& line);
  void spill(const LogLine& line);
  void handle(std::string_view& records);
  Deferred<void> handle_forever();
  Deferred<void> write_spill();

  World& world_;
  Log log_;
  LineIntake& intake_;
  const LineQueueLimits limits_;
  LineJournal journal_;
  LineSpill spill_;
  std::vector<Commit> commits_;
  std::deque<std::string> memory_;  // records of the journal, one each
  std::size_t memory_bytes_ = 0;
  std::uint64_t counted_ = 0;
  std::uint64_t spilled_ = 0;
  std::map<Dropped, std::uint64_t> dropped_;
  bool told_ = false;
  bool spilling_ = false;  // until the spill is empty, so that order holds
  berth::Event wanted_;    // there is something to handle
  berth::Event to_spill_;
  WaitList<void> room_;
  Scope scope_;
};

}  // namespace berth::observe
