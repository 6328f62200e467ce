// The barest server of messages that epoll allows, one thread, behind the proxies: a connection
// that begins with a GET is a WebSocket after the key of RFC 6455 section 1.3, whose messages of
// BYTES go back unmasked; what comes on another one goes back as it is.
//   websocket_echo PORT BYTES
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

#include "bare_sockets.h"

namespace {

struct Connection {
  bool begun = false;
  bool websocket = false;
  std::string partial;
};

/// A binary message that nobody has masked.
std::string plain_frame(std::size_t bytes) {
  std::string frame("\x82", 1);
  if (bytes < 126) {
    frame += static_cast<char>(bytes);
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(bytes >> 8);
    frame += static_cast<char>(bytes);
  }
  return frame + std::string(bytes, 'x');
}

/// What goes back for what has come.
std::string answer(Connection& c, std::string_view text, std::string_view frame) {
  std::string_view accepts =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  if (!c.begun) {
    c.begun = true;
    // A health check is no handshake.
    if (text.starts_with("GET /health"))
      return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    c.websocket = text.starts_with("GET ");
    if (c.websocket) return std::string(accepts);
  }
  if (!c.websocket) return std::string(text);
  c.partial += text;
  std::string out;
  while (c.partial.size() >= frame.size() + 4) {  // the client's frames have a mask of four bytes
    c.partial.erase(0, frame.size() + 4);
    out += frame;
  }
  return out;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::string frame = plain_frame(std::strtoul(words[2], nullptr, 10));
  int poll = ::epoll_create1(0);
  int listener = bare::listen_on("127.0.0.1", std::atoi(words[1]), poll);
  std::unordered_map<int, Connection> connections;
  epoll_event events[256];
  static char buffer[65536];
  for (;;) {
    int ready = ::epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        bare::accept_all(listener, poll, 0);
        continue;
      }
      ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        connections.erase(fd);
        ::close(fd);
        continue;
      }
      auto out = answer(connections[fd], {buffer, static_cast<std::size_t>(got)}, frame);
      if (!out.empty()) ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    }
  }
}
