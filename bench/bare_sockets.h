#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>

// What the small programs of the benchmarks share: sockets and time with nothing of Berth's.

namespace bare {

/// Seconds, from any begin.
inline double now() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// A listener that `poll` watches; the program ends where it is not to be had.
inline int listen_on(const char* address, int port, int poll) {
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<unsigned short>(port));
  ::inet_pton(AF_INET, address, &at.sin_addr);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(listener, 4096) != 0) {
    std::perror("listening");
    std::exit(1);
  }
  epoll_event event{EPOLLIN, {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  return listener;
}

/// Takes all that have come; `flags` as accept4(2).
inline void accept_all(int listener, int poll, int flags) {
  for (int client; (client = ::accept4(listener, nullptr, nullptr, flags)) >= 0;) {
    int one = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{EPOLLIN, {.fd = client}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
  }
}

}  // namespace bare
