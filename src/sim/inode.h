#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"

namespace berth::sim {

/// The bytes of a file: as programs see them, and what the disk would keep of them without power.
/// Remembers each change since the last good sync; those that a failed sync had in hand stay in
/// doubt for good, as Linux forgets that they were never written.
class Inode {
 public:
  static constexpr std::size_t sector_bytes = 512;

  const std::string& content() const { return content_; }
  std::uint64_t size() const { return content_.size(); }
  void write(std::uint64_t offset, std::string_view bytes);
  void truncate(std::uint64_t size);

  /// How many changes were made so far: a sync that begins now is about these.
  std::uint64_t changes_made() const { return changes_made_; }
  /// The changes up to that number stand on the disk.
  void synced(std::uint64_t made);
  /// The changes up to that number may stand there or not, whatever is synced later.
  void sync_failed(std::uint64_t made);
  /// What is left after a power loss: everything synced, and of the rest some, torn into sectors.
  void lose_power(Random& random);

 private:
  enum class Fate : std::uint8_t { pending, doubtful, kept };
  struct Change {
    std::uint64_t number;
    bool truncates;
    std::uint64_t offset;  // or the new size
    std::string bytes;
    Fate fate = Fate::pending;
  };
  static void apply(std::string& to, std::uint64_t offset, std::string_view bytes);
  static void apply_torn(std::string& to, const Change& change, double kept, Random& random);
  void settle();

  std::string content_;
  std::string stable_;           // what stands on the disk without `changes_`
  std::vector<Change> changes_;  // in order
  std::uint64_t changes_made_ = 0;
};

}  // namespace berth::sim
