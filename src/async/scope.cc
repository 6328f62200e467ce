#include "async/scope.h"

namespace berth {

class Scope::Task final : public ReadyNode {
 public:
  Task(Scope& scope, Deferred<void> work) : scope_(scope), work_(std::move(work)) {
    next = scope.first_;
    if (next) next->previous = this;
    scope.first_ = this;
    ++scope.size_;
    work_.wait(*this);
  }
  void cancel() { work_.cancel(); }

  Task* next = nullptr;
  Task* previous = nullptr;

 private:
  void run() override {
    Result<void> result = work_.take();
    if (!result.ok() && !result.error().is(Code::cancelled)) report_unhandled_error(result.error());
    scope_.ended(*this);
  }

  Scope& scope_;
  Deferred<void> work_;
};

Scope::~Scope() {
  closing_ = true;
  while (first_) {
    Task* task = first_;
    first_ = task->next;
    if (first_) first_->previous = nullptr;
    delete task;
  }
  while (closers_) {
    Waiter* waiter = closers_;
    closers_ = waiter->next;
    waiter->promise.callback();
    delete waiter;
  }
}

void Scope::add(Deferred<void> work) {
  auto* task = new Task(*this, std::move(work));
  if (closing_) task->cancel();
}

Deferred<void> Scope::close() {
  closing_ = true;
  if (!first_) return ready();
  auto* waiter = new Waiter{{}, closers_};
  closers_ = waiter;
  Deferred<void> closed = waiter->promise.deferred();
  for (Task* task = first_; task;) {
    Task* next = task->next;
    task->cancel();
    task = next;
  }
  return closed;
}

void Scope::ended(Task& task) {
  (task.previous ? task.previous->next : first_) = task.next;
  if (task.next) task.next->previous = task.previous;
  --size_;
  delete &task;
  if (first_ || !closing_) return;
  Waiter* waiters = std::exchange(closers_, nullptr);
  while (waiters) {
    Waiter* waiter = waiters;
    waiters = waiter->next;
    waiter->promise.callback();
    delete waiter;
  }
}

}  // namespace berth
