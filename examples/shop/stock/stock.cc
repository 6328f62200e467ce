// stock: how many of each product are left. GET /stock and GET /stock/ID. An HTTP/1.1 server of one
// page without any library: one thread, one poll loop. Linked statically it is an image FROM
// scratch.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

constexpr int products = 12;
constexpr size_t head_max = 8192;  // bytes; a longer request ends its connection

int left(int product) { return 7 + product * 5 % 13; }

std::string answer(const std::string& path, int& status) {
  status = 200;
  if (path == "/health") return R"({"ok": true})";
  if (path == "/stock") {
    std::string all;
    for (int id = 1; id <= products; ++id)
      all += (id > 1 ? ", \"" : "\"") + std::to_string(id) + "\": " + std::to_string(left(id));
    return "{" + all + "}";
  }
  int id = path.starts_with("/stock/") ? atoi(path.c_str() + 7) : 0;
  if (id >= 1 && id <= products)
    return "{\"id\": " + std::to_string(id) + ", \"left\": " + std::to_string(left(id)) + "}";
  status = 404;
  printf("WARN there is no %s\n", path.c_str());
  return R"({"error": "there is no such product"})";
}

// Answers each whole request in `text` and removes it; false if the connection is to be closed.
bool serve(int connection, std::string& text) {
  for (size_t end; (end = text.find("\r\n\r\n")) != std::string::npos; text.erase(0, end + 4)) {
    size_t path = text.find(' ') + 1;
    size_t path_end = text.find(' ', path);
    bool get = text.starts_with("GET ") && path_end < end;
    bool close = !get || text.substr(0, end).find("onnection: close") != std::string::npos;
    int status = 405;
    std::string body = get ? answer(text.substr(path, path_end - path), status) : "{}";
    std::string reply =
        "HTTP/1.1 " + std::to_string(status) + (status == 200 ? " OK" : " No") +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        (close ? "\r\nConnection: close" : "") + "\r\n\r\n" + body;
    bool sent = send(connection, reply.data(), reply.size(), MSG_NOSIGNAL) == ssize_t(reply.size());
    if (close || !sent) return false;
  }
  return text.size() < head_max;
}

int main() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  const char* host = getenv("HOST");
  const char* port = getenv("PORT");
  sockaddr_in address{AF_INET, htons(port ? atoi(port) : 8000), {}, {}};
  inet_pton(AF_INET, host ? host : "127.0.0.1", &address.sin_addr);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) ||
      listen(listener, 128))
    return printf("ERROR stock cannot listen on port %d\n", ntohs(address.sin_port)), 1;
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, nullptr);  // it is read as one more descriptor
  std::vector<pollfd> ready{{signalfd(-1, &term, 0), POLLIN, 0}, {listener, POLLIN, 0}};
  std::map<int, std::string> received;  // by connection
  printf("INFO stock listens on port %d\n", ntohs(address.sin_port));
  for (bool stops = false; !stops && poll(ready.data(), ready.size(), -1) > 0;) {
    stops = ready[0].revents != 0;  // what has come is answered still
    for (size_t i = ready.size() - 1; i >= 2; --i) {
      if (!ready[i].revents) continue;
      char bytes[4096];
      int connection = ready[i].fd;
      ssize_t count = recv(connection, bytes, sizeof bytes, 0);
      if (count > 0 && serve(connection, received[connection].append(bytes, size_t(count))))
        continue;
      received.erase(connection);
      close(connection);
      ready.erase(ready.begin() + ssize_t(i));
    }
    if (int fd = ready[1].revents && !stops ? accept(listener, nullptr, nullptr) : -1; fd >= 0)
      ready.push_back({fd, POLLIN, 0});
  }
  printf("INFO stock ends\n");
}
