#pragma once

#include <cstddef>

#include "async/deferred.h"

namespace berth {

/// Those who wait for something, in the order in which they came. One who cancels or goes leaves
/// the list at once. The owner outlives nobody: destroying the list answers `closed`.
template <class T>
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList() {
    if (!empty()) fail_all(Error(Code::closed, "what was waited for is closed"));
  }

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  Deferred<T> wait() {
    auto* entry = ::new (allocate_frame(sizeof(Entry))) Entry(*this);
    return Deferred<T>(entry);
  }
  /// Answers the first; only if not empty.
  template <class... V>
  void wake(V&&... value) {
    Entry* entry = first_;
    remove(*entry);
    entry->resolve(std::forward<V>(value)...);
    entry->release_producer();
  }
  void fail_all(const Error& error) {
    while (first_) {
      Entry* entry = first_;
      remove(*entry);
      entry->resolve_error(error);
      entry->release_producer();
    }
  }

 private:
  class Entry final : public State<T> {
   public:
    explicit Entry(WaitList& list) : list(&list) {
      previous = list.last_;
      (previous ? previous->next : list.first_) = this;
      list.last_ = this;
      ++list.size_;
    }
    WaitList* list;
    Entry* previous = nullptr;
    Entry* next = nullptr;

   private:
    void on_cancel() override {
      list->remove(*this);
      this->resolve_error(Error::cancelled());
      this->release_producer();
    }
    void on_drop() override {
      list->remove(*this);
      this->release_producer();
    }
    void dispose() override {
      this->~Entry();
      free_frame(this, sizeof(Entry));
    }
  };
  void remove(Entry& entry) {
    (entry.previous ? entry.previous->next : first_) = entry.next;
    (entry.next ? entry.next->previous : last_) = entry.previous;
    --size_;
  }

  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace berth
