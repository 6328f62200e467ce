#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/rules.h"

namespace berth::storage {

/// Changes to a range, of whole revisions, and the last revision that was looked through for them.
struct Gathered {
  std::vector<Change> changes;
  Revision up_to = 0;
  std::size_t bytes = 0;

  static constexpr std::size_t changes_enough = 1000;
  static constexpr std::size_t bytes_enough = 1 << 20;
  /// Takes those of the range; false once it is enough for one answer.
  bool add(const Committed& committed, const Range& range);
};

/// How a range stood at a past revision, told by what has been changed since: key to entry.
using Past = std::map<std::string, std::optional<Entry>, std::less<>>;
/// Notes what a later revision changed; revisions come in order.
void look_back(Past& past, const Committed& later, const Range& range);

/// The entries of a range as they stand, in order; none at the end.
using NextEntry = std::function<Result<std::optional<Entry>>()>;
/// A page of what stands now, put back by `past`.
Result<Page> page_of(const Range& range, Revision revision, const Past& past,
                     const NextEntry& next);

/// The latest revisions without a gap, bounded in number and bytes: beyond, the oldest go.
class History {
 public:
  History(std::size_t revisions_max, std::size_t bytes_max)
      : revisions_max_(revisions_max), bytes_max_(bytes_max) {}

  /// Every revision after this one is known.
  Revision floor() const { return floor_; }
  Revision present() const { return floor_ + revisions_.size(); }
  /// Begins at `revision` with nothing known before.
  void begin_at(Revision revision);
  /// The revision after the present one.
  void add(Committed committed);
  /// Forgets what `revision` and those before it changed.
  void forget(Revision revision);

  /// After `after`, which is not below the floor.
  Gathered changes(const Range& range, Revision after) const;
  Past past(const Range& range) const;

 private:
  std::size_t revisions_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  Revision floor_ = 0;
  std::deque<Committed> revisions_;
};

}  // namespace berth::storage
