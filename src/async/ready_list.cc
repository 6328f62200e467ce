#include "async/ready_list.h"

namespace berth {

void ReadyNode::unlink() {
  if (!next_) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

ReadyList::ReadyList() { head_.next_ = head_.previous_ = &head_; }

ReadyList::Head::~Head() {
  while (next_ != this && next_ != nullptr) next_->unlink();
  next_ = previous_ = nullptr;
}

ReadyList& ReadyList::current() {
  thread_local ReadyList list;
  return list;
}

void ReadyList::push(ReadyNode& node) {
  if (node.queued()) return;
  node.previous_ = head_.previous_;
  node.next_ = &head_;
  head_.previous_->next_ = &node;
  head_.previous_ = &node;
}

std::size_t ReadyList::run(std::size_t budget) {
  std::size_t ran = 0;
  while (ran < budget && !empty()) {
    ReadyNode* node = head_.next_;
    node->unlink();
    node->run();
    ++ran;
  }
  return ran;
}

}  // namespace berth
