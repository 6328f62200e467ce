// Publishers that each wait for their message's acknowledgement before they send the next: one
// thread on epoll, a connection each.
//   bus_load http|redis|nats PORT CONNECTIONS SECONDS BYTES
// http: POST to Berth's topic `bench`; redis: XADD; nats: PUB to the subject `bench` with a reply
// (a JetStream stream takes it and acknowledges). Prints one line of JSON: messages, errors,
// seconds, and latency percentiles in microseconds.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bare_sockets.h"

namespace {

struct Connection {
  int fd = -1;
  double sent = 0;
  std::string input;
  bool ready = false;  // greeting done
};

struct Protocol {
  std::string first;    // sent once, after the greeting
  std::string message;  // each time
  bool greets = false;
  /// Takes one answer from the front: 0 not whole, 1 good, -1 an error.
  int (*take)(std::string& input);
};

int take_line(std::string& input, std::string& line) {
  std::size_t end = input.find("\r\n");
  if (end == input.npos) return 0;
  line = input.substr(0, end);
  input.erase(0, end + 2);
  return 1;
}

int take_http(std::string& input) {
  std::size_t end = input.find("\r\n\r\n");
  if (end == input.npos) return 0;
  std::size_t at = input.find("content-length: ");
  std::size_t length = at < end ? std::strtoul(input.c_str() + at + 16, nullptr, 10) : 0;
  if (input.size() < end + 4 + length) return 0;
  bool good = input.compare(9, 1, "2") == 0;
  input.erase(0, end + 4 + length);
  return good ? 1 : -1;
}

int take_redis(std::string& input) {
  std::size_t end = input.find("\r\n");
  if (end == input.npos) return 0;
  if (input[0] != '$') return -1;
  std::size_t length = std::strtoul(input.c_str() + 1, nullptr, 10);
  if (input.size() < end + 2 + length + 2) return 0;
  input.erase(0, end + 2 + length + 2);
  return 1;
}

int take_nats(std::string& input) {
  std::size_t end = input.find("\r\n");
  if (end == input.npos) return 0;
  if (input.compare(0, 4, "MSG ") != 0) return -1;
  std::size_t length = std::strtoul(input.c_str() + input.rfind(' ', end) + 1, nullptr, 10);
  if (input.size() < end + 2 + length + 2) return 0;
  bool good =
      input.compare(end + 2, length, "") != 0 &&
      std::string_view(input).substr(end + 2, length).find("\"seq\"") != std::string_view::npos;
  input.erase(0, end + 2 + length + 2);
  return good ? 1 : -1;
}

Protocol protocol_of(const std::string& name, std::size_t bytes) {
  std::string body(bytes, 'x');
  std::string size = std::to_string(bytes);
  if (name == "http") {
    return {"",
            "POST /v1/topics/bench HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            "application/octet-stream\r\nContent-Length: " +
                size + "\r\n\r\n" + body,
            false, take_http};
  }
  if (name == "redis") {
    return {"",
            "*5\r\n$4\r\nXADD\r\n$5\r\nbench\r\n$1\r\n*\r\n$1\r\nm\r\n$" + size + "\r\n" + body +
                "\r\n",
            false, take_redis};
  }
  return {"CONNECT {\"verbose\":false}\r\nSUB _INBOX.ME 1\r\n",
          "PUB bench _INBOX.ME " + size + "\r\n" + body + "\r\n", true, take_nats};
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) return 2;
  auto protocol = protocol_of(words[1], std::strtoul(words[5], nullptr, 10));
  double seconds = std::atof(words[4]);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(std::atoi(words[2])));
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  int poll = ::epoll_create1(0);
  std::vector<Connection> all(static_cast<std::size_t>(std::atoi(words[3])));
  std::size_t messages = 0;
  std::size_t errors = 0;
  std::vector<float> latencies;
  latencies.reserve(1'000'000);

  auto send_text = [&](Connection& c, std::string text) {
    // Each inbox is its connection's own, so that nobody gets another's acknowledgement.
    std::string own = "I" + std::to_string(&c - all.data());
    for (std::size_t at; (at = text.find("_INBOX.ME")) != text.npos;) {
      text.replace(at, 9, "_INBOX." + own);
    }
    if (::send(c.fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) ++errors;
  };
  std::vector<std::string> own_message(all.size(), protocol.message);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::size_t at = own_message[i].find("_INBOX.ME");
    if (at != std::string::npos) own_message[i].replace(at, 9, "_INBOX.I" + std::to_string(i));
  }
  auto send_next = [&](Connection& c) {
    const std::string& text = own_message[static_cast<std::size_t>(&c - all.data())];
    c.sent = bare::now();
    if (::send(c.fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) ++errors;
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    Connection& c = all[i];
    c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return 1;
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, c.fd, &event);
    c.ready = !protocol.greets;
    if (c.ready) send_next(c);
  }

  double begun = bare::now();
  double end = begun + seconds;
  epoll_event events[256];
  static char buffer[65536];
  while (bare::now() < end) {
    int ready = ::epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < ready; ++i) {
      Connection& c = all[events[i].data.u64];
      ssize_t got = ::recv(c.fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        std::fprintf(stderr, "the server ended a connection\n");
        return 1;
      }
      c.input.append(buffer, static_cast<std::size_t>(got));
      std::string line;
      if (!c.ready && take_line(c.input, line)) {
        c.ready = true;
        send_text(c, protocol.first);
        send_next(c);
      }
      if (c.input.compare(0, 6, "PING\r\n") == 0) {
        c.input.erase(0, 6);
        send_text(c, "PONG\r\n");
      }
      int taken = c.ready ? protocol.take(c.input) : 0;
      if (taken == 0) continue;
      if (taken < 0) {
        std::fprintf(stderr, "refused: %s\n", c.input.substr(0, 200).c_str());
        return 1;
      }
      ++messages;
      latencies.push_back(static_cast<float>((bare::now() - c.sent) * 1e6));
      send_next(c);
    }
  }
  double took = bare::now() - begun;
  std::sort(latencies.begin(), latencies.end());
  auto at = [&](double q) {
    return latencies.empty()
               ? 0.0f
               : latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  std::printf(
      "{\"messages\": %zu, \"errors\": %zu, \"seconds\": %.3f, \"p50\": %.1f, \"p99\": %.1f}\n",
      messages, errors, took, at(0.5), at(0.99));
}
