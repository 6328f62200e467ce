#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/outputs/disk_queue.h"
#include "observe/outputs/output.h"

namespace berth::observe {

struct QueueOptions {
  std::string folder;                      // of this output alone
  std::uint64_t bytes_max = 256ULL << 20;  // on disk; then the least important oldest are dropped
  std::uint64_t file_bytes = 4 << 20;  // what is dropped at once; at most an eighth of bytes_max
  std::size_t unwritten_bytes_max = 8 << 20;  // while the disk refuses; beyond: overloaded
  std::size_t batch_max = 0;                  // 0: as many as the output takes
  Duration delay = 1s;                        // how long events wait for others to go with them
  Duration timeout = 30s;                     // of one attempt
  Duration retry_first = 500ms;               // waits double from here,
  Duration retry_most = 60s;                  // to here, each shortened at random
  Duration give_up = 24h;                     // a batch that was not taken for so long is dropped
  std::size_t parts_max = 64;                 // attempts to find what is wrong with a refused batch
  Duration sync_every = 1s;                   // what a power loss may cost; kill -9 costs nothing
};

/// What became of events since the queue was opened.
struct QueueCounters {
  std::uint64_t accepted = 0;
  std::uint64_t unwanted = 0;  // that the output has no use for
  std::uint64_t sent = 0;
  std::uint64_t unconfirmed = 0;  // of these: only the kernels know
  std::uint64_t refused = 0;      // by the peer, for good
  std::uint64_t dropped = 0;      // because of a limit
  std::uint64_t given_up = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;
};

/// How important an event is to those who get it. What is less important is dropped first, and sent
/// last.
enum class Importance : std::uint8_t { low, usual, high };
/// high: tagged "alert" or "annotation", or of state "critical"; low: tagged "low".
Importance importance_of(const Event& event);

/// Events on their way to one output: accepted at once, written to disk, sent in batches, tried
/// again until they are taken. Waits are drawn from zero to a bound that doubles ("full jitter"),
/// and are never shorter than what the peer asked for. A batch that is refused is halved until what
/// is wrong is found and dropped, alone. Order holds within an importance; high goes before others,
/// also before the next attempt of a batch that fails. A batch that was under way when the process
/// died is sent again with the same events and the same key: at least once, and once where the peer
/// looks at keys, names and times. Belongs to one reactor; the world outlives it.
class OutputQueue {
 public:
  OutputQueue(World& world, Log log, std::string name, std::unique_ptr<Output> output,
              QueueOptions options);
  ~OutputQueue();

  /// Finds what was not sent before, and begins to send.
  Deferred<void> open();
  /// What was accepted is on disk when it resolves; what was not sent goes on with the next start.
  Deferred<void> close();

  /// Takes an event without a wait. overloaded: the disk takes nothing, and memory is full.
  Result<void> accept(const Event& event);
  /// All that was accepted until now is in files, and survives kill -9.
  Deferred<void> commit();

  const std::string& name() const { return name_; }
  const QueueCounters& counters() const { return counters_; }
  /// Events that were accepted and are neither sent nor dropped.
  std::uint64_t waiting() const;
  std::uint64_t waiting_bytes() const;
  /// How old the oldest of these is; zero without any.
  Duration lag() const;
  /// Events that were lost with a damaged file.
  std::uint64_t damaged() const;
  /// Why the last attempt failed; empty since one has succeeded.
  const std::string& trouble() const { return trouble_; }

 private:
  static constexpr std::size_t lanes = 3;
  using Lane = std::size_t;  // an Importance

  Deferred<void> read_places();
  Deferred<void> note_places();
  Deferred<void> write_lanes();
  Deferred<void> send_forever();
  Deferred<void> sync_forever();
  Deferred<void> gather();
  Deferred<void> send_batch(Lane lane);
  /// False: something more important came, and this batch is to be tried later.
  Deferred<bool> deliver(Lane lane, const QueueBatch& batch);
  Deferred<Attempt> attempt(std::span<const Event> events, std::string key);
  void note(const Attempt& attempt);
  Deferred<void> back_off(Lane lane, const Attempt& attempt);
  std::optional<Lane> lane_with_work() const;
  bool more_important_waits(Lane lane) const;
  std::size_t batch_max() const;

  World& world_;
  const Log log_;
  const std::string name_;
  const std::unique_ptr<Output> output_;
  const QueueOptions options_;
  std::array<std::unique_ptr<DiskQueue>, lanes> lanes_;
  std::array<std::optional<QueuePlace>, lanes> under_way_;  // where a batch ends that was begun
  std::string id_;                                          // of this queue, in keys
  std::unique_ptr<File> places_;
  std::uint64_t places_bytes_ = 0;
  bool places_noted_ = true;
  Lock disk_;            // one thing at a time is done with the lanes
  berth::Event work_;    // something was accepted
  berth::Event hurry_;   // a batch is together, or something important is there
  berth::Event urgent_;  // something important is there
  MonotonicTime batch_begun_{};
  int failures_ = 0;  // in a row
  std::string trouble_;
  QueueCounters counters_;
  Scope scope_;
};

}  // namespace berth::observe
