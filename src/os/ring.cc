#include "os/ring.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>

#include "os/descriptor.h"

namespace berth::os {
namespace {

// DEFER_TASKRUN (Linux 6.1) runs the kernel's side within wait() alone; it came after multishot
// accept and receive (5.19, 6.0) and provided buffer rings (5.19), so that it stands for them.
constexpr unsigned setup_flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL |
                                 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                 IORING_SETUP_TASKRUN_FLAG;
constexpr std::array opcodes{IORING_OP_POLL_ADD, IORING_OP_SENDMSG, IORING_OP_RECV,
                             IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL};

Error refused(int number, const std::string& what) {
  return Error(Code::unsupported, system_error(number, what).text());
}

}  // namespace

Result<std::unique_ptr<Ring>> Ring::make(int epoll) {
  std::unique_ptr<Ring> ring(new Ring(epoll));
  TRY(ring->set_up());
  return ring;
}

Result<void> Ring::set_up() {
  io_uring_params parameters{};
  parameters.flags = setup_flags;
  parameters.cq_entries = answers_max;
  int answer = io_uring_queue_init_params(requests_max, &ring_, &parameters);
  if (answer != 0) return refused(-answer, "setting up io_uring");
  made_ = true;
  if (!(parameters.features & IORING_FEAT_EXT_ARG)) {
    return Error(Code::unsupported, "io_uring cannot wait for a time");
  }
  std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(io_uring_get_probe_ring(&ring_),
                                                                   io_uring_free_probe);
  if (!probe) return Error(Code::unsupported, "io_uring does not tell what it can");
  for (auto opcode : opcodes) {
    if (!io_uring_opcode_supported(probe.get(), opcode)) {
      return Error(Code::unsupported, "io_uring lacks operation " + std::to_string(opcode));
    }
  }
  if (answer = buffers_.set_up(ring_); answer != 0) {
    return refused(-answer, "providing buffers to io_uring");
  }
  watch_epoll();
  answer = io_uring_submit(&ring_);
  if (answer < 0) {
    under_way_ = 0;
    return refused(-answer, "submitting to io_uring");
  }
  return {};
}

Ring::~Ring() {
  if (!made_) return;
  while (under_way_ > 0) {
    io_uring_sqe& cancel = request();
    io_uring_prep_cancel64(&cancel, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
    cancel.flags |= IOSQE_CQE_SKIP_SUCCESS;
    wait(Duration(10ms));
    hand_out();
  }
  io_uring_queue_exit(&ring_);
}

io_uring_sqe& Ring::request() {
  io_uring_sqe* request = io_uring_get_sqe(&ring_);
  while (!request) {
    io_uring_submit(&ring_);
    request = io_uring_get_sqe(&ring_);
  }
  return *request;
}

void Ring::start(io_uring_sqe& request, Completion& completion) {
  io_uring_sqe_set_data(&request, &completion);
  ++under_way_;
}

void Ring::cancel(Completion& completion) {
  io_uring_sqe& cancel = request();
  io_uring_prep_cancel(&cancel, &completion, 0);
  // Nobody is told how the cancel went: what was cancelled tells itself.
  cancel.flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data(&cancel, nullptr);
}

void Ring::submit() { io_uring_submit_and_get_events(&ring_); }

void Ring::wait(Duration wait) {
  buffers_.refill();
  if (wait > Duration(0)) {
    __kernel_timespec time{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    io_uring_cqe* first;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
    return;
  }
  unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  if (io_uring_sq_ready(&ring_) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) {
    io_uring_submit_and_get_events(&ring_);
  }
}

void Ring::hand_out() {
  // Only what has come by now: its completions may ask for more.
  for (unsigned left = io_uring_cq_ready(&ring_); left > 0; --left) {
    io_uring_cqe* answer = nullptr;
    io_uring_peek_cqe(&ring_, &answer);
    auto* completion = static_cast<Completion*>(io_uring_cqe_get_data(answer));
    int result = answer->res;
    bool more = (answer->flags & IORING_CQE_F_MORE) != 0;
    int buffer = (answer->flags & IORING_CQE_F_BUFFER) != 0
                     ? static_cast<int>(answer->flags >> IORING_CQE_BUFFER_SHIFT)
                     : -1;
    io_uring_cqe_seen(&ring_, answer);
    if (!completion) continue;
    if (!more) --under_way_;
    completion->complete(result, more, buffer);
  }
}

void Ring::watch_epoll() {
  io_uring_sqe& poll = request();
  io_uring_prep_poll_add(&poll, epoll_, POLLIN);
  start(poll, epoll_ready_);
}

bool Ring::take_epoll_ready() {
  if (!epoll_ready_.ready) return false;
  epoll_ready_.ready = false;
  watch_epoll();  // submitted after the events were taken: it tells of those left, too
  return true;
}

}  // namespace berth::os
