// The barest HTTP server that epoll allows, one thread: answers each request that has come with 200
// and BYTES bytes, whatever it asks for. It is the backend behind both proxies, and the floor for
// servers.
//   http_backend PORT [BYTES]      prints "listening" when it listens on 127.0.0.1:PORT
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

int main(int count, char** words) {
  int port = count > 1 ? std::atoi(words[1]) : 0;
  std::size_t bytes = count > 2 ? std::strtoul(words[2], nullptr, 10) : 128;
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(bytes) +
      "\r\n\r\n" + std::string(bytes, 'x');
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<unsigned short>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(listener, 4096) != 0) {
    std::perror("listening");
    return 1;
  }
  int poll = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  std::puts("listening");
  std::fflush(stdout);
  std::unordered_map<int, std::string> partial;
  epoll_event events[256];
  static char buffer[65536];
  for (;;) {
    int ready = ::epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        for (int client; (client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
          ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          event = {EPOLLIN, {.fd = client}};
          ::epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
        }
        continue;
      }
      ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        partial.erase(fd);
        ::close(fd);
        continue;
      }
      std::string_view text(buffer, static_cast<std::size_t>(got));
      auto kept = partial.find(fd);
      std::string whole;
      if (kept != partial.end()) {
        whole = kept->second + std::string(text);
        partial.erase(kept);
        text = whole;
      }
      std::string out;
      std::size_t end;
      int answers = 0;
      while ((end = text.find("\r\n\r\n")) != text.npos) {
        text.remove_prefix(end + 4);
        ++answers;
      }
      if (!text.empty()) partial[fd] = std::string(text);
      for (int n = 0; n < answers; ++n) {
        std::string_view left = answer;
        while (
            !left.empty()) {  // large answers: wait for room, this program has nothing else to do
          ssize_t sent = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
          if (sent < 0 && errno != EAGAIN) break;
          if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
        }
      }
    }
  }
}
