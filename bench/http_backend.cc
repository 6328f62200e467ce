// The barest HTTP server that epoll allows, one thread: answers each request that has come with 200
// and BYTES bytes, whatever it asks for; content with a Content-Length is thrown away unseen. It is
// the backend behind the proxies, and the floor for servers.
//   http_backend PORT [BYTES] [ADDRESS]      prints "listening" when it listens there (127.0.0.1)
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bare_sockets.h"

namespace {

/// Of a request with content: its length. Those by GET are not looked at, for they have none.
std::size_t content_length(std::string_view head) {
  if (head.starts_with("GET ")) return 0;
  constexpr std::string_view name = "content-length:";
  for (std::size_t at = 0; at + name.size() < head.size(); ++at) {
    if (::strncasecmp(head.data() + at, name.data(), name.size()) == 0)
      return std::strtoul(head.data() + at + name.size(), nullptr, 10);
  }
  return 0;
}

void send_all(int fd, std::string_view left) {
  while (!left.empty()) {
    ssize_t sent = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;
    if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
    if (left.empty()) return;
    pollfd room{fd, POLLOUT, 0};  // large answers: this program has nothing else to do
    ::poll(&room, 1, 1000);
  }
}

}  // namespace

int main(int count, char** words) {
  int port = count > 1 ? std::atoi(words[1]) : 0;
  std::size_t bytes = count > 2 ? std::strtoul(words[2], nullptr, 10) : 128;
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(bytes) +
      "\r\n\r\n" + std::string(bytes, 'x');
  int poll = ::epoll_create1(0);
  int listener = bare::listen_on(count > 3 ? words[3] : "127.0.0.1", port, poll);
  std::puts("listening");
  std::fflush(stdout);
  std::unordered_map<int, std::string> partial;
  std::unordered_map<int, std::size_t> content_left;  // where some is to come
  epoll_event events[256];
  static char buffer[65536];
  for (;;) {
    int ready = ::epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        bare::accept_all(listener, poll, SOCK_NONBLOCK);
        continue;
      }
      if (auto content = content_left.find(fd); content != content_left.end()) {
        ssize_t got = ::recv(fd, nullptr, content->second, MSG_TRUNC);  // not even copied
        if (got > 0 && (content->second -= static_cast<std::size_t>(got)) > 0) continue;
        content_left.erase(content);
        if (got > 0) {
          send_all(fd, answer);
          continue;
        }
        ::close(fd);
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
      std::size_t end;
      int answers = 0;
      while ((end = text.find("\r\n\r\n")) != text.npos) {
        std::size_t content = content_length(text.substr(0, end + 4));
        text.remove_prefix(end + 4);
        std::size_t here = std::min(content, text.size());
        text.remove_prefix(here);
        if (here < content) {
          content_left[fd] = content - here;
          break;
        }
        ++answers;
      }
      if (!text.empty()) partial[fd] = std::string(text);
      for (int n = 0; n < answers; ++n) send_all(fd, answer);
    }
  }
}
