// Uploads one after another over one kept connection.
//   http_upload ADDRESS PORT BYTES COUNT
// Prints one line of JSON: uploads, errors (a status other than 200, or a broken connection),
// seconds.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bare_sockets.h"

namespace {

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool upload(int fd, std::string_view head, std::size_t bytes) {
  static const std::string piece(262144, 'x');
  if (!send_all(fd, head)) return false;
  while (bytes > 0) {
    std::size_t size = std::min(bytes, piece.size());
    if (!send_all(fd, std::string_view(piece).substr(0, size))) return false;
    bytes -= size;
  }
  // The backend's answer has 128 bytes of content.
  std::string answer;
  char buffer[4096];
  for (;;) {
    std::size_t end = answer.find("\r\n\r\n");
    if (end != std::string::npos && answer.size() >= end + 4 + 128) break;
    ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return answer.starts_with("HTTP/1.1 200");
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  std::size_t bytes = std::strtoul(words[3], nullptr, 10);
  int uploads = std::atoi(words[4]);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(std::atoi(words[2])));
  ::inet_pton(AF_INET, words[1], &to.sin_addr);
  std::string head =
      "POST /upload HTTP/1.1\r\nHost: bench\r\nContent-Length: " + std::to_string(bytes) +
      "\r\n\r\n";
  int errors = 0;
  double begun = bare::now();
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return 1;
  for (int i = 0; i < uploads && errors == 0; ++i) {
    if (!upload(fd, head, bytes)) ++errors;
  }
  std::printf("{\"uploads\": %d, \"errors\": %d, \"seconds\": %.3f}\n", uploads, errors,
              bare::now() - begun);
  ::close(fd);
}
