#pragma once

#include <cstddef>

namespace berth {

/// Something that runs once in a later turn. Unlinks itself when destroyed, so that what was
/// dropped never runs. Owned by whoever embeds it; belongs to the thread that pushed it.
class ReadyNode {
 public:
  ReadyNode() = default;
  ReadyNode(const ReadyNode&) = delete;
  ReadyNode& operator=(const ReadyNode&) = delete;

  virtual void run() = 0;
  bool queued() const { return next_ != nullptr; }
  void unlink() {
    if (!next_) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 protected:
  ~ReadyNode() { unlink(); }

 private:
  friend class ReadyList;
  ReadyNode* previous_ = nullptr;
  ReadyNode* next_ = nullptr;
};

/// The work that became ready and waits for this thread's reactor to run it: every completion goes
/// through it, so that nothing calls back into its caller. One per thread; pushing never allocates.
class ReadyList {
 public:
  ReadyList();
  ~ReadyList();

  /// The list of this thread, run by its reactor (or by a test).
  static ReadyList& current() { return current_ ? *current_ : make_current(); }
  /// Appends; a node that is queued already stays where it is.
  void push(ReadyNode& node) {
    if (node.queued()) return;
    node.previous_ = head_.previous_;
    node.next_ = &head_;
    head_.previous_->next_ = &node;
    head_.previous_ = &node;
  }
  bool empty() const { return head_.next_ == &head_; }
  /// Runs what is queued, also what that pushes, at most `budget` nodes. Returns how many ran.
  std::size_t run(std::size_t budget = 4096);

 private:
  struct Head final : ReadyNode {
    void run() override {}
  };
  static ReadyList& make_current();

  Head head_;
  /// Constant at the start, so that reaching it costs no guard.
  static constinit thread_local ReadyList* current_;
};

}  // namespace berth
