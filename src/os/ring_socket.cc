#include "os/ring_socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace berth::os {

Pieces Pieces::of(const BytesList& bytes) {
  Pieces out;
  for (auto& piece : bytes) {
    if (piece.empty()) continue;
    if (out.count == pieces_max) break;
    out.pieces[out.count++] = {const_cast<char*>(piece.data()), piece.size()};
    out.total += piece.size();
  }
  return out;
}

void RingSocket::let_go() {
  owner_ = nullptr;
  stop_receiving();
  if (send_.under_way) ring_.cancel(send_);
  delete_when_free();
}

void RingSocket::receive() {
  if (receive_.under_way) return;
  receive_.under_way = true;
  receive_.stopping = false;
  io_uring_sqe& request = ring_.request();
  io_uring_prep_recv_multishot(&request, fd_.get(), nullptr, 0, 0);
  request.flags |= IOSQE_BUFFER_SELECT;
  request.buf_group = 0;
  ring_.start(request, receive_);
}

void RingSocket::stop_receiving() {
  if (!receive_.under_way || receive_.stopping) return;
  receive_.stopping = true;
  ring_.cancel(receive_);
}

void RingSocket::Receive::complete(int result, bool more, int buffer) {
  Bytes bytes;
  if (buffer >= 0) {
    bytes = socket.ring_.buffers().take(buffer, static_cast<std::size_t>(std::max(result, 0)));
  }
  under_way = more;
  if (socket.owner_) {
    socket.owner_->on_received(result, more, std::move(bytes));
  } else {
    socket.delete_when_free();
  }
}

void RingSocket::send(BytesList bytes, bool more) {
  send_.more = more;
  send_.bytes = std::move(bytes);
  send_pieces();
}

void RingSocket::send_pieces() {
  send_.under_way = true;
  send_.pieces = Pieces::of(send_.bytes);
  send_.message.msg_iov = send_.pieces.pieces;
  send_.message.msg_iovlen = send_.pieces.count;
  io_uring_sqe& request = ring_.request();
  // With MSG_WAITALL the kernel goes on after a part, for as long as the peer takes.
  int flags = MSG_NOSIGNAL | MSG_WAITALL | (send_.more ? MSG_MORE : 0);
  io_uring_prep_sendmsg(&request, fd_.get(), &send_.message, static_cast<unsigned>(flags));
  ring_.start(request, send_);
}

void RingSocket::wait_until_writable() {
  send_.under_way = true;
  io_uring_sqe& request = ring_.request();
  io_uring_prep_poll_add(&request, fd_.get(), POLLOUT);
  ring_.start(request, send_);
}

void RingSocket::Send::complete(int result, bool, int) {
  under_way = false;
  if (!socket.owner_) {
    socket.delete_when_free();
    return;
  }
  if (result >= 0 && !bytes.empty()) {
    bytes.remove_prefix(static_cast<std::size_t>(result));
    if (!bytes.empty()) return socket.send_pieces();
  }
  bytes = BytesList();
  socket.owner_->on_sent(std::max(0, -result));
}

}  // namespace berth::os
