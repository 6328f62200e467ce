// A backend that takes its time, one thread on epoll, on all addresses: answers each request with
// PIECES pieces of BYTES, one at once and then one every MILLISECONDS; /health at once.
//   http_slow PORT PIECES BYTES MILLISECONDS
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bare_sockets.h"

namespace {

/// The next piece of an answer. All wait equally long, so that the first of them is due first.
struct Due {
  double at;
  int fd;
  unsigned connection;  // of those that had this descriptor
  int left;
};

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  int pieces = std::atoi(words[2]);
  std::string piece(std::strtoul(words[3], nullptr, 10), 'x');
  double pause = std::atof(words[4]) / 1e3;
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                     std::to_string(piece.size() * static_cast<std::size_t>(pieces)) + "\r\n\r\n" +
                     piece;
  int poll = ::epoll_create1(0);
  int listener = bare::listen_on("0.0.0.0", std::atoi(words[1]), poll);
  std::vector<unsigned> connection(65536);
  std::deque<Due> due;
  epoll_event events[256];
  static char buffer[65536];
  auto go_on = [&](Due next) {
    if (next.left > 0)
      due.push_back({bare::now() + pause, next.fd, next.connection, next.left - 1});
  };
  for (;;) {
    int ready = ::epoll_wait(poll, events, 256, due.empty() ? 100 : 1);
    for (int i = 0; i < ready; ++i) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        bare::accept_all(listener, poll, SOCK_NONBLOCK);
        continue;
      }
      auto& mine = connection[static_cast<std::size_t>(fd)];
      ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        ++mine;
        ::close(fd);
        continue;
      }
      std::string_view text(buffer, static_cast<std::size_t>(got));
      if (!text.ends_with("\r\n\r\n")) continue;
      if (text.starts_with("GET /health")) {
        std::string_view healthy = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        ::send(fd, healthy.data(), healthy.size(), MSG_NOSIGNAL);
        continue;
      }
      ::send(fd, head.data(), head.size(), MSG_NOSIGNAL);
      go_on({0, fd, mine, pieces - 1});
    }
    for (double time = bare::now(); !due.empty() && due.front().at <= time;) {
      Due next = due.front();
      due.pop_front();
      if (connection[static_cast<std::size_t>(next.fd)] != next.connection) continue;
      ::send(next.fd, piece.data(), piece.size(), MSG_NOSIGNAL);
      go_on(next);
    }
  }
}
