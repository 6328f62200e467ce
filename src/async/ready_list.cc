#include "async/ready_list.h"

namespace berth {

constinit thread_local ReadyList* ReadyList::current_ = nullptr;

ReadyList::ReadyList() { head_.next_ = head_.previous_ = &head_; }

ReadyList::~ReadyList() {
  while (!empty()) head_.next_->unlink();
  head_.next_ = head_.previous_ = nullptr;
}

ReadyList& ReadyList::make_current() {
  thread_local ReadyList list;
  current_ = &list;
  return list;
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
