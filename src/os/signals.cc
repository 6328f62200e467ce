#include "os/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace berth::os {
namespace {

sigset_t set_of(const std::vector<int>& numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : numbers) sigaddset(&set, number);
  return set;
}

}  // namespace

Signals::Signals(Reactor& reactor, std::vector<int> numbers)
    : reactor_(reactor), numbers_(std::move(numbers)) {
  sigset_t set = set_of(numbers_);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  auto watched = reactor_.watch(fd_.get(), *this);
  check(watched.ok(), "signals cannot be watched");
}

Signals::~Signals() {
  reactor_.unwatch(fd_.get(), *this);
  sigset_t set = set_of(numbers_);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::on_events(std::uint32_t) {
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
    int number = static_cast<int>(info.ssi_signo);
    if (waiting_.empty()) {
      arrived_.push_back(number);
    } else {
      waiting_.wake(number);
    }
  }
}

Deferred<int> Signals::next() {
  if (arrived_.empty()) return waiting_.wait();
  int number = arrived_.front();
  arrived_.erase(arrived_.begin());
  return ready(std::move(number));
}

}  // namespace berth::os
