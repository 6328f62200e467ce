#include "sim/inode.h"

#include <algorithm>

namespace berth::sim {

void Inode::apply(std::string& to, std::uint64_t offset, std::string_view bytes) {
  if (to.size() < offset + bytes.size()) to.resize(offset + bytes.size());
  to.replace(offset, bytes.size(), bytes);
}

void Inode::write(std::uint64_t offset, std::string_view bytes) {
  apply(content_, offset, bytes);
  changes_.push_back({++changes_made_, false, offset, std::string(bytes)});
}

void Inode::truncate(std::uint64_t size) {
  content_.resize(size);
  changes_.push_back({++changes_made_, true, size, {}});
}

void Inode::synced(std::uint64_t made) {
  for (Change& change : changes_) {
    if (change.number <= made && change.fate == Fate::pending) change.fate = Fate::kept;
  }
  settle();
}

void Inode::sync_failed(std::uint64_t made) {
  for (Change& change : changes_) {
    if (change.number <= made && change.fate == Fate::pending) change.fate = Fate::doubtful;
  }
}

/// What is kept and has nothing in doubt before it needs no remembering.
void Inode::settle() {
  auto first = std::ranges::find_if(changes_, [](auto& c) { return c.fate != Fate::kept; });
  for (auto change = changes_.begin(); change != first; ++change) {
    if (change->truncates) {
      stable_.resize(change->offset);
    } else {
      apply(stable_, change->offset, change->bytes);
    }
  }
  changes_.erase(changes_.begin(), first);
}

void Inode::apply_torn(std::string& to, const Change& change, double kept, Random& random) {
  std::uint64_t at = change.offset;
  std::string_view left = change.bytes;
  while (!left.empty()) {
    std::size_t size = std::min(left.size(), sector_bytes - at % sector_bytes);
    if (random.chance(kept)) apply(to, at, left.substr(0, size));
    left.remove_prefix(size);
    at += size;
  }
}

void Inode::lose_power(Random& random) {
  // Nothing of what was not synced, all of it, some from the beginning, or anything.
  enum : std::uint8_t { nothing, all, prefix, anything };
  std::uint64_t survives = random.below(4);
  std::size_t cut = changes_.empty() ? 0 : random.below(changes_.size() + 1);
  std::string result = stable_;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Change& change = changes_[i];
    double kept = 1;
    if (change.fate != Fate::kept) {
      if (survives == nothing || (survives == prefix && i > cut)) kept = 0;
      if (survives == anything || (survives == prefix && i == cut)) kept = 0.5;
    }
    if (!change.truncates) {
      apply_torn(result, change, kept, random);
    } else if (random.chance(kept)) {
      result.resize(change.offset);
    }
  }
  changes_.clear();
  content_ = stable_ = std::move(result);
}

}  // namespace berth::sim
