#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/deferred.h"

namespace berth::storage {

/// Grows by one with each commit that writes; 0 is before the first.
using Revision = std::uint64_t;
/// Given out by Store::grant; 0: no lease.
using LeaseId = std::uint64_t;

inline constexpr std::size_t key_bytes_max = 1024;
inline constexpr std::size_t page_bytes_max = 4 << 20;  // of keys and values in one Page
inline constexpr std::uint32_t lease_seconds_max = 86'400;

/// What stands at a key.
struct Entry {
  std::string key;
  std::string value;
  Revision created = 0;  // of the commit that put the key there
  Revision changed = 0;  // of the last commit that wrote it
  LeaseId lease = 0;
  bool operator==(const Entry&) const = default;
};

/// Writes that happen all or not at all, and what must hold for that.
struct Batch {
  static constexpr std::size_t operations_max = 128;  // conditions and writes together
  static constexpr std::size_t bytes_max = 1 << 20;   // of keys and values together

  struct Condition {
    std::string key;
    Revision changed;  // of the entry as it must stand; 0: there must be no such key
  };
  struct Write {
    std::string key;
    std::optional<std::string> value;  // none: the key is removed (fine if it is not there)
    LeaseId lease = 0;                 // the key goes when this lease ends
  };

  Batch& require(std::string key, Revision changed) {
    conditions.push_back({std::move(key), changed});
    return *this;
  }
  Batch& put(std::string key, std::string value, LeaseId lease = 0) {
    writes.push_back({std::move(key), std::move(value), lease});
    return *this;
  }
  Batch& remove(std::string key) {
    writes.push_back({std::move(key), std::nullopt, 0});
    return *this;
  }
  bool empty() const { return conditions.empty() && writes.empty(); }

  std::vector<Condition> conditions;
  std::vector<Write> writes;  // at most one a key
};

/// Keys from `begin` up to, not including, `end` (empty: to the last key), in order of their bytes.
struct Range {
  std::string begin;
  std::string end;
  std::size_t entries_max = 1000;  // in one Page; at least 1
  Revision at = 0;                 // read as of this revision; 0: the present one
};
/// All keys that begin with `prefix`.
Range prefix_range(std::string_view prefix);

struct Page {
  std::vector<Entry> entries;
  Revision revision = 0;  // as of which it was read: ask for the next page at it
  bool more = false;      // go on from the last key with a zero byte added; entries_max or
                          // page_bytes_max was reached
};

struct Change {
  std::string key;
  std::optional<std::string> value;  // none: removed
  Revision revision = 0;
};

/// Follows the changes of a range. Destroying it ends it.
class Watch {
 public:
  virtual ~Watch() = default;
  /// The changes of one or more whole revisions, in order; waits for the first. `compacted`: that
  /// revision is gone; list again and watch from there. `closed`: the watch or the Store was. One
  /// call at a time. A call that is cancelled or dropped while it waits has taken nothing.
  virtual Deferred<std::vector<Change>> next() = 0;
};

/// The ordered map that holds control state: one revision over all keys, conditional batches, range
/// reads at a revision, watches, leases. Cut to what etcd has, so that one suite holds on memory,
/// RocksDB and etcd. A commit that was answered is durable (in memory: until the process ends).
/// Keys are 1 to 1,024 bytes. Belongs to one reactor. Errors of all: io, disk_full, unavailable,
/// closed, overloaded (too much waits), invalid (a key, range or number that cannot be, a revision
/// that has not been yet); of commit also conflict (a condition does not hold; nothing was
/// written), overloaded (a limit of Batch), not_found (a write's lease has ended), unknown_outcome
/// (it was on its way when the engine failed). A commit that failed with io or disk_full is not
/// seen, but may be found to have happened when the store is opened anew.
class Store {
 public:
  virtual ~Store() = default;

  /// The revision that it made (the present one if it wrote nothing: to remove what is not there
  /// is to write nothing).
  virtual Deferred<Revision> commit(Batch batch) = 0;
  virtual Deferred<std::optional<Entry>> get(std::string key) = 0;
  /// compacted: `at` is gone.
  virtual Deferred<Page> read(Range range) = 0;
  /// Changes after revision `after` to keys of the range. `range.entries_max` and `at` do not
  /// count.
  virtual Deferred<std::unique_ptr<Watch>> watch(Range range, Revision after) = 0;

  /// A lease that ends, with its keys, unless kept alive within `seconds` (1 to 86,400). Leases
  /// survive a restart with their full time.
  virtual Deferred<LeaseId> grant(std::uint32_t seconds) = 0;
  /// not_found: it has ended.
  virtual Deferred<void> keep_alive(LeaseId lease) = 0;
  /// Ends it now, with its keys, in one revision. not_found: it has ended.
  virtual Deferred<void> revoke(LeaseId lease) = 0;

  /// Forgets what stood before `revision`: reads and watches from before it answer `compacted`. The
  /// engine does so by itself with what is older than its bounded history.
  virtual Deferred<void> compact(Revision revision) = 0;
  /// Ends watches, waits for commits under way; whatever is asked after it is answered `closed`.
  virtual Deferred<void> close() = 0;
};

/// Every entry of a range, page by page at one revision; overloaded beyond `entries_max` in all.
Deferred<Page> read_all(Store& store, Range range, std::size_t entries_max = 100'000);

}  // namespace berth::storage
