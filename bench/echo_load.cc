// A load of small messages to an echo server, one thread on epoll; each connection sends its next
// when the last has come back.
//   echo_load PORT CONNECTIONS SECONDS BYTES
// Prints one line of JSON: messages, errors.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {
double now() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int connect_to(int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::exit(1);
  return fd;
}
}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  std::string message(std::strtoul(words[4], nullptr, 10), 'x');
  std::vector<std::size_t> missing(std::strtoul(words[2], nullptr, 10), message.size());
  std::vector<int> sockets;
  int poll = ::epoll_create1(0);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    sockets.push_back(connect_to(std::atoi(words[1])));
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    ::send(sockets[i], message.data(), message.size(), MSG_NOSIGNAL);
  }
  std::size_t messages = 0;
  std::size_t errors = 0;
  epoll_event events[256];
  static char buffer[65536];
  for (double end = now() + std::atof(words[3]); now() < end;) {
    int ready = ::epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < ready; ++i) {
      std::size_t at = events[i].data.u64;
      ssize_t got = ::recv(sockets[at], buffer, sizeof buffer, 0);
      if (got <= 0) {
        ++errors;
        ::epoll_ctl(poll, EPOLL_CTL_DEL, sockets[at], nullptr);
        continue;
      }
      missing[at] -= static_cast<std::size_t>(got);
      if (missing[at] > 0) continue;
      ++messages;
      missing[at] = message.size();
      ::send(sockets[at], message.data(), message.size(), MSG_NOSIGNAL);
    }
  }
  std::printf("{\"messages\": %zu, \"errors\": %zu}\n", messages, errors);
}
