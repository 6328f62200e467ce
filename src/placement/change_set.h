#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/store.h"

namespace berth::placement {

/// Writes with their conditions, in parts that are kept whole, packed into as few of Store's
/// batches as hold them: one where they fit, so that all happens or nothing. A plain value. A part
/// must fit into a batch by itself.
class ChangeSet {
 public:
  struct Packed {
    storage::Batch batch;
    std::set<std::string> labels;  // of its parts
  };

  /// What follows belongs to a part of this label.
  ChangeSet& part(std::string label);
  ChangeSet& require(std::string key, storage::Revision changed);
  /// Conditions that the key stands as it was read, and writes it.
  ChangeSet& put(std::string key, std::string value, storage::Revision changed);
  ChangeSet& remove(std::string key, storage::Revision changed);

  std::vector<Packed> pack() &&;

 private:
  struct Part {
    std::string label;
    storage::Batch batch;
  };
  std::vector<Part> parts_;
};

/// What a sequence of batches has written itself: the conditions of the later ones are to hold with
/// that.
class OwnWrites {
 public:
  void renew(storage::Batch& batch) const;
  void note(const storage::Batch& batch, storage::Revision revision);

 private:
  std::map<std::string, storage::Revision> written_;
};

}  // namespace berth::placement
