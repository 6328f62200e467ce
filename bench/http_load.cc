// A load of GETs over keep-alive connections, one thread on epoll, each connection sending its next
// request when the answer to the last has come.
//   http_load ADDRESS PORT CONNECTIONS SECONDS [TARGET] [HOST] [new] [targets=N] [addresses=N]
// new: a connection for each request, which the server ends. targets=N: "#" in TARGET is another
// number below N in each request. addresses=N: connections go to the N addresses from ADDRESS on.
// Prints one line of JSON: requests, errors (status other than 2xx, or a broken connection),
// seconds, and latency percentiles in microseconds.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
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
  std::string head;
  std::size_t body_left = 0;
  bool in_body = false;
};

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  int connections = std::atoi(words[3]);
  double seconds = std::atof(words[4]);
  std::string target = count > 5 ? words[5] : "/";
  std::string host = count > 6 ? words[6] : words[1];
  bool always_new = false;
  std::size_t targets = 0;
  std::uint32_t addresses = 1;
  for (int i = 7; i < count; ++i) {
    std::string_view word = words[i];
    if (word == "new") always_new = true;
    if (word.starts_with("targets=")) targets = std::strtoul(words[i] + 8, nullptr, 10);
    if (word.starts_with("addresses="))
      addresses = static_cast<std::uint32_t>(std::strtoul(words[i] + 10, nullptr, 10));
  }
  std::string after = " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: load\r\nAccept: */*\r\n" +
                      (always_new ? "Connection: close\r\n\r\n" : "\r\n");
  std::string request = "GET " + target + after;
  std::size_t number_at = target.find('#');
  std::size_t number = 0;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(std::atoi(words[2])));
  ::inet_pton(AF_INET, words[1], &to.sin_addr);
  int poll = ::epoll_create1(0);
  std::vector<Connection> all(static_cast<std::size_t>(connections));
  std::size_t requests = 0;
  std::size_t errors = 0;
  std::vector<float> latencies;
  latencies.reserve(4'000'000);

  auto send_next = [&](Connection& c) {
    c.head.clear();
    c.in_body = false;
    if (targets > 0 && number_at != std::string::npos) {
      number = (number + 7919) % targets;  // a prime: neighbours are not asked for in turn
      request.assign("GET ").append(target, 0, number_at).append(std::to_string(number));
      request.append(target, number_at + 1).append(after);
    }
    c.sent = bare::now();
    if (::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) ++errors;
  };
  auto open = [&](std::size_t i) {
    Connection& c = all[i];
    c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in there = to;
    there.sin_addr.s_addr =
        htonl(ntohl(to.sin_addr.s_addr) + static_cast<std::uint32_t>(i) % addresses);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0) {
      ::close(c.fd);
      c.fd = -1;
      ++errors;
      return;
    }
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, c.fd, &event);
    send_next(c);
  };
  for (std::size_t i = 0; i < all.size(); ++i) open(i);

  double begun = bare::now();
  double end = begun + seconds;
  epoll_event events[256];
  static char buffer[262144];
  while (bare::now() < end) {
    int ready = ::epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < ready; ++i) {
      Connection& c = all[events[i].data.u64];
      ssize_t got = ::recv(c.fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        if (!always_new || got < 0 || !c.in_body || c.body_left > 0) ++errors;
        ::close(c.fd);
        open(events[i].data.u64);
        continue;
      }
      std::string_view text(buffer, static_cast<std::size_t>(got));
      if (!c.in_body) {
        c.head += text;
        std::size_t head_end = c.head.find("\r\n\r\n");
        if (head_end == std::string::npos) continue;
        if (c.head.compare(9, 1, "2") != 0) ++errors;
        std::string lower = c.head.substr(0, head_end);
        std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
        std::size_t at = lower.find("content-length:");
        std::size_t length =
            at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 15, nullptr, 10);
        std::size_t have = c.head.size() - head_end - 4;
        c.body_left = length > have ? length - have : 0;
        c.in_body = true;
      } else {
        c.body_left -= std::min(c.body_left, text.size());
      }
      if (c.body_left > 0) continue;
      ++requests;
      latencies.push_back(static_cast<float>((bare::now() - c.sent) * 1e6));
      if (!always_new) send_next(c);
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
      "{\"requests\": %zu, \"errors\": %zu, \"seconds\": %.3f, \"p50\": %.1f, \"p99\": %.1f, "
      "\"p999\": %.1f}\n",
      requests, errors, took, at(0.5), at(0.99), at(0.999));
}
