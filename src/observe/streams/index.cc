#include "observe/streams/index.h"

#include "base/hash.h"

namespace berth::observe::streams {
namespace {

std::uint64_t hash_of(std::string_view host, std::string_view service) {
  return hash64(service, hash64(host));
}

}  // namespace

// Where the key is in the table, or the free place in which it would be.
std::size_t Index::place_of(std::uint64_t hash, std::string_view host,
                            std::string_view service) const {
  std::size_t mask = table_.size() - 1;
  for (std::size_t place = hash & mask;; place = (place + 1) & mask) {
    if (table_[place] == none) return place;
    const Slot& slot = *slots_[table_[place]];
    if (slot.hash == hash && slot.event.host == host && slot.event.service == service) return place;
  }
}

Result<void> Index::insert(const Event& event) {
  if (!has_time(event)) return Error(Code::invalid, "an event without time cannot be indexed");
  if (event.state == "expired") {
    remove(event.host, event.service);
    return {};
  }
  if (size_ * 2 >= table_.size()) grow();
  std::uint64_t hash = hash_of(event.host, event.service);
  std::size_t place = place_of(hash, event.host, event.service);
  if (table_[place] != none) {
    slots_[table_[place]]->event = event;
    return {};
  }
  if (size_ >= events_max_) {
    return Error(Code::overloaded, "the index is full with " + std::to_string(size_) +
                                       " events; '" + event.service + "' of host '" + event.host +
                                       "' is not taken");
  }
  std::uint32_t at;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::make_unique<Slot>());
  } else {
    at = free_.back();
    free_.pop_back();
  }
  Slot& slot = *slots_[at];
  slot.event = event;
  slot.hash = hash;
  slot.used = true;
  table_[place] = at;
  ++size_;
  return {};
}

void Index::grow() {
  std::vector<std::uint32_t> old(std::max<std::size_t>(64, table_.size() * 2), none);
  table_.swap(old);
  std::size_t mask = table_.size() - 1;
  for (std::uint32_t at : old) {
    if (at == none) continue;
    std::size_t place = slots_[at]->hash & mask;
    while (table_[place] != none) place = (place + 1) & mask;
    table_[place] = at;
  }
}

bool Index::remove(std::string_view host, std::string_view service) {
  if (table_.empty()) return false;
  std::size_t place = place_of(hash_of(host, service), host, service);
  if (table_[place] == none) return false;
  remove_slot(table_[place]);
  return true;
}

// Closes the gap in its run of the table, so that no place has to be marked as once used.
void Index::remove_slot(std::uint32_t at) {
  Slot& slot = *slots_[at];
  std::size_t mask = table_.size() - 1;
  std::size_t gap = slot.hash & mask;
  while (table_[gap] != at) gap = (gap + 1) & mask;
  for (std::size_t place = (gap + 1) & mask; table_[place] != none; place = (place + 1) & mask) {
    std::size_t home = slots_[table_[place]]->hash & mask;
    if (((place - home) & mask) < ((place - gap) & mask)) continue;
    table_[gap] = table_[place];
    gap = place;
  }
  table_[gap] = none;
  slot.used = false;
  slot.event = {};
  free_.push_back(at);
  --size_;
}

void Index::clear() {
  table_.clear();
  slots_.clear();
  free_.clear();
  size_ = 0;
}

const Event* Index::find(std::string_view host, std::string_view service) const {
  if (table_.empty()) return nullptr;
  std::size_t place = place_of(hash_of(host, service), host, service);
  return table_[place] == none ? nullptr : &slots_[table_[place]]->event;
}

void Index::each(const std::function<void(const Event&)>& visit) const {
  for (auto& slot : slots_) {
    if (slot->used) visit(slot->event);
  }
}

void Index::search(const Query& query, std::size_t most,
                   const std::function<void(const Event&)>& visit) const {
  if (auto key = query.host_and_service()) {
    const Event* found = find(key->first, key->second);
    if (found) visit(*found);
    return;
  }
  for (auto& slot : slots_) {
    if (!slot->used || !query.matches(slot->event)) continue;
    if (most-- == 0) return;
    visit(slot->event);
  }
}

std::size_t Index::expire(WallTime now, std::size_t from, std::size_t slots,
                          const std::function<void(const Event&)>& visit) {
  for (; slots > 0 && from < slots_.size(); --slots, ++from) {
    Slot& slot = *slots_[from];
    if (!slot.used || !expired(slot.event, now)) continue;
    Event gone = std::move(slot.event);
    remove_slot(static_cast<std::uint32_t>(from));
    visit(gone);
  }
  return from < slots_.size() ? from : 0;
}

}  // namespace berth::observe::streams
