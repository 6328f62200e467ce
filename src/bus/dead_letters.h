#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "bus/bus.h"
#include "bus/record.h"
#include "bus/segment_log.h"

namespace berth::bus {

struct DeadLetterLimits {
  std::uint64_t bytes_max = 1ULL << 30;  // of letters that stand; on disk up to 5/4 of it
  std::size_t letters_max = 100'000;
  Duration kept = 14 * 24h;
};

/// The deliveries that were given up, with their content, in a log of their own; in memory about
/// 300 bytes each. A letter is known by its topic, its delivery's id and the sequence of the record
/// that died: one that was sent again and died anew has another sequence. A full store refuses
/// letters (their deliveries then go on being tried); old ones go after `kept`. One reactor.
class DeadLetters {
 public:
  DeadLetters(World& world, Log log, std::string folder, DeadLetterLimits limits);

  Deferred<void> open();
  /// Durable when it answers. Errors: overloaded (full), and those of the log.
  Deferred<void> add(DeadLetter letter, std::uint64_t sequence);
  /// The letter was sent again: it is gone. Until that is durable here, the record in the message
  /// log that sends it again (`note`) must stay: see least_note.
  void settle(std::string_view topic, std::string_view delivery, std::uint64_t sequence,
              std::uint64_t note);
  /// The first record of the message log that must stay for a letter's sake; ~0: none.
  std::uint64_t least_note() const { return notes_.empty() ? ~0ULL : notes_.begin()->first; }

  /// The sequence of a letter that is here; 0: there is none.
  std::uint64_t find(std::string_view topic, std::string_view delivery) const;
  /// not_found: it went meanwhile.
  Deferred<DeadLetter> read(std::string topic, std::string delivery);
  /// Ids, newest first; of all services if `service` is empty.
  std::vector<std::string> list(std::string_view topic, std::string_view service,
                                std::size_t letters_max) const;
  std::size_t count(std::string_view topic, std::string_view service) const;
  /// Letters older than `kept` go, and files that hold few letters are emptied into the last one.
  Deferred<void> tend();
  Deferred<void> close();

 private:
  struct Letter {
    std::uint64_t sequence = 0;  // of the message's record
    RecordPlace place;
    WallTime died{};
    std::string service;
    auto order() const { return std::pair(died, sequence); }
  };
  using Letters = std::map<std::string, Letter, std::less<>>;  // by delivery
  struct Topic {
    Letters letters;
    std::map<std::pair<WallTime, std::uint64_t>, std::string> order;  // to delivery
    std::map<std::string, std::size_t, std::less<>> count;            // by service
  };

  void put(const LetterRecord& record, const LogRecord& at);
  void erase(Topic& topic, Letters::iterator letter);
  Result<void> restore(const LogRecord& record);
  const Letter* find_letter(std::string_view topic, std::string_view delivery) const;
  Deferred<void> write_note(std::string record, std::uint64_t note);
  void forget_old();
  Deferred<void> empty_oldest();

  World& world_;
  Log log_;
  DeadLetterLimits limits_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::map<std::uint64_t, std::size_t> in_segment_;  // letters whose record stands there
  std::map<std::uint64_t, std::size_t> notes_;       // that are not durable here yet
  std::size_t letters_ = 0;
  std::uint64_t live_bytes_ = 0;
  Lock tending_;
  SegmentLog records_;
  Scope scope_;
};

}  // namespace berth::bus
