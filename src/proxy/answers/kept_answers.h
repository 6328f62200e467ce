#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "async/clock.h"
#include "async/disk.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "proxy/answers/kept_answer.h"

namespace berth::proxy {

/// Answers to requests with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): the
/// first one is kept, in memory and synced in a log on disk before it is passed on, and given again
/// to whoever repeats the request. What is under way is known in memory only: after a restart in
/// the middle, a repeat is carried as if it were the first. Belongs to one reactor; without a
/// folder nothing stays after it.
///
///     begin: fresh --keep--> kept --expires--> (forgotten)
///              |  +--give_up--> (forgotten, whoever waits may begin)
///              +-- a repeat meanwhile: under_way
class KeptAnswers {
 public:
  static constexpr std::size_t answers_max = 50'000;         // beyond, the oldest is forgotten
  static constexpr std::size_t bytes_max = 64 << 20;         // of heads and bodies together
  static constexpr std::size_t rewrite_bytes_min = 1 << 20;  // a log below is left as it is
  static constexpr std::string_view file_name = "idempotency.log";
  static constexpr std::string_view first_line = "berth idempotency 1\n";

  KeptAnswers(World& world, Log log) : world_(world), log_(log) {}

  /// Reads what stands in `folder`, and keeps there from now on. What is cut or damaged at the end
  /// of the log is left out; a log of another version is put aside.
  Deferred<void> open(std::string folder);

  /// Resolves once what stands in the folder is read; at once without a folder.
  Deferred<void> opened() { return opening_ ? opened_.wait() : ready(); }

  enum class Found : std::uint8_t {
    fresh,      // it is this one's to answer: keep or give_up must follow
    kept,       // `answer` is it, until the next await
    under_way,  // another has begun it: wait
    other,      // the key was used for another request
  };
  Found begin(std::uint64_t key, std::uint64_t fingerprint, const KeptAnswer*& answer);
  /// Until whoever has begun it keeps or gives up.
  Deferred<void> wait(std::uint64_t key);
  /// Resolves when it is synced. What cannot be written is told to the log and counts in memory.
  Deferred<void> keep(KeptAnswer answer);
  void give_up(std::uint64_t key);

  std::size_t size() const { return kept_.size(); }

 private:
  struct UnderWay {
    std::uint64_t fingerprint;
    WaitList<void> waiting;
  };
  void insert(KeptAnswer answer);
  void forget_first();
  Deferred<void> write(std::string records);
  Deferred<void> flush();
  Deferred<void> read();
  Deferred<void> rewrite();
  std::string path() const { return folder_ + "/" + std::string(file_name); }
  std::int64_t now() const { return world_.clock.wall().nanoseconds; }

  World& world_;
  Log log_;
  std::string folder_;
  std::unique_ptr<File> file_;
  std::uint64_t file_bytes_ = 0;
  std::unordered_map<std::uint64_t, KeptAnswer> kept_;
  std::deque<std::pair<std::uint64_t, std::int64_t>> order_;  // key and expires, oldest first
  std::size_t bytes_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<UnderWay>> under_way_;
  /// Records that are written and synced together, and who waits for that.
  struct Round {
    std::string records;
    WaitList<void> done;
  };
  std::shared_ptr<Round> next_ = std::make_shared<Round>();
  bool flushing_ = false;
  bool opening_ = false;
  Event opened_;
  Scope scope_;
};

}  // namespace berth::proxy
