// Connections that are open and do little, from addresses of 127.9.0.0/16 (500 each), one thread.
//   http_hold ADDRESS PORT COUNT [again]
// Each asks once; with `again` anew whenever its answer is whole. Prints "held" when each has been
// answered (with `again`: has had a first byte), and for each line of its input one of JSON:
// answers and bytes since the start, errors (connections that ended). Ends with its input.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Connection {
  int fd = -1;
  bool heard = false;
  std::string head;
  std::size_t body_left = 0;
};

constexpr std::string_view request =
    "GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n";

std::size_t held = 0;
std::size_t answers = 0;
std::size_t bytes = 0;
std::size_t errors = 0;
bool again = false;

void ask(Connection& c) { ::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL); }

bool open(Connection& c, std::size_t number, const sockaddr_in& to) {
  c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  ::setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(0x7f090001u + static_cast<unsigned>(number / 500));
  return ::bind(c.fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0 &&
         ::connect(c.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

void take(Connection& c, std::string_view text) {
  bytes += text.size();
  if (c.body_left == 0) {
    c.head += text;
    std::size_t end = c.head.find("\r\n\r\n");
    if (end == std::string::npos) return;
    std::size_t at = c.head.find("ontent-");
    while (at != std::string::npos && c.head.compare(at + 8, 6, "ength:") != 0)
      at = c.head.find("ontent-", at + 1);
    std::size_t length =
        at == std::string::npos ? 0 : std::strtoul(c.head.c_str() + at + 14, nullptr, 10);
    c.body_left = length - (c.head.size() - end - 4);
    c.head.clear();
  } else {
    c.body_left -= text.size();
  }
  bool whole = c.body_left == 0;
  if (!c.heard && (whole || again)) {
    c.heard = true;
    ++held;
  }
  if (!whole) return;
  ++answers;
  if (again) ask(c);
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return 2;
  again = count > 4 && std::string_view(words[4]) == "again";
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(std::atoi(words[2])));
  ::inet_pton(AF_INET, words[1], &to.sin_addr);
  std::vector<Connection> all(std::strtoul(words[3], nullptr, 10));
  int poll = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {.u64 = all.size()}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
  std::size_t opened = 0;
  bool told = false;
  epoll_event events[256];
  static char buffer[65536];
  for (;;) {
    // A few at a time: no backlog is full, and what has come is read meanwhile.
    for (int some = 0; some < 50 && opened < all.size() && opened < held + 500; ++some, ++opened) {
      if (!open(all[opened], opened, to)) {
        std::perror("a connection");
        return 1;
      }
      event = {EPOLLIN, {.u64 = opened}};
      ::epoll_ctl(poll, EPOLL_CTL_ADD, all[opened].fd, &event);
      ask(all[opened]);
    }
    int ready = ::epoll_wait(poll, events, 256, opened < all.size() ? 1 : 1000);
    for (int i = 0; i < ready; ++i) {
      std::size_t number = events[i].data.u64;
      if (number == all.size()) {
        if (::read(0, buffer, sizeof buffer) <= 0) return 0;
        std::printf("{\"answers\": %zu, \"bytes\": %zu, \"errors\": %zu}\n", answers, bytes,
                    errors);
        std::fflush(stdout);
        continue;
      }
      Connection& c = all[number];
      ssize_t got = ::recv(c.fd, buffer, sizeof buffer, 0);
      if (got > 0) {
        take(c, {buffer, static_cast<std::size_t>(got)});
        continue;
      }
      ++errors;
      ::close(c.fd);
      if (told) continue;
      std::printf("connection %zu ended, of %zu that were opened\n", number, opened);
      return 1;
    }
    if (told || held < all.size()) continue;
    told = true;
    std::puts("held");
    std::fflush(stdout);
  }
}
