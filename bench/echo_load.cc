// A load of small messages to an echo server, one thread on epoll; each connection sends its next
// when the last has come back.
//   echo_load PORT CONNECTIONS SECONDS BYTES [websocket]
// websocket: messages of BYTES after a handshake (to websocket_echo), as browsers send them.
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
#include <string_view>
#include <vector>

#include "bare_sockets.h"

namespace {
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

/// A masked frame (RFC 6455 section 5.2) with one binary message of less than 64 KiB.
std::string masked_frame(std::size_t bytes) {
  std::string frame("\x82", 1);
  if (bytes < 126) {
    frame += static_cast<char>(0x80 | bytes);
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(bytes >> 8);
    frame += static_cast<char>(bytes);
  }
  const char mask[] = {'m', 'a', 's', 'k'};
  frame.append(mask, 4);
  for (std::size_t i = 0; i < bytes; ++i) frame += static_cast<char>('x' ^ mask[i % 4]);
  return frame;
}

/// With the key of RFC 6455 section 1.3.
void shake_hands(int fd) {
  std::string_view asks =
      "GET /chat HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  ::send(fd, asks.data(), asks.size(), MSG_NOSIGNAL);
  std::string answer;
  while (!answer.ends_with("\r\n\r\n")) {
    char byte;
    if (::recv(fd, &byte, 1, 0) != 1) std::exit(1);
    answer += byte;
  }
  if (!answer.starts_with("HTTP/1.1 101")) std::exit(1);
}
}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  bool websocket = count > 5 && std::string_view(words[5]) == "websocket";
  std::size_t bytes = std::strtoul(words[4], nullptr, 10);
  std::string message = websocket ? masked_frame(bytes) : std::string(bytes, 'x');
  std::size_t echoed = websocket ? message.size() - 4 : message.size();  // servers do not mask
  std::vector<std::size_t> missing(std::strtoul(words[2], nullptr, 10), echoed);
  std::vector<int> sockets;
  int poll = ::epoll_create1(0);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    sockets.push_back(connect_to(std::atoi(words[1])));
    if (websocket) shake_hands(sockets.back());
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    ::send(sockets[i], message.data(), message.size(), MSG_NOSIGNAL);
  }
  std::size_t messages = 0;
  std::size_t errors = 0;
  epoll_event events[256];
  static char buffer[65536];
  for (double end = bare::now() + std::atof(words[3]); bare::now() < end;) {
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
      missing[at] = echoed;
      ::send(sockets[at], message.data(), message.size(), MSG_NOSIGNAL);
    }
  }
  std::printf("{\"messages\": %zu, \"errors\": %zu}\n", messages, errors);
}
