// What a relay of one connection costs by copying, by splice(2), by a sockmap, and by copying to an
// instance behind a Unix socket: messages of 100 bytes and contents of 1 MB, asked for one after
// the other. Three processes, nothing of Berth's. CPU is that of the whole machine, since a sockmap
// works in kernel threads: let nothing else run.
//   bypass MODE BYTES SECONDS      prints {"times":N,"all_us":CPU each,"relay_us":of the relay
//   alone}
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "bare_sockets.h"

namespace {

constexpr std::size_t piece = 64 << 10;  // as Berth reads at once

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listener_at(bool unix_path, int& port, std::string& path) {
  int fd = ::socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
  if (unix_path) {
    path = "/tmp/berth-bypass-" + std::to_string(::getpid());
    sockaddr_un at{AF_UNIX, {}};
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fail("bind");
  } else {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0) fail("bind");
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  if (::listen(fd, 16) != 0) fail("listen");
  return fd;
}

int connected(int port, const std::string& path) {
  int fd = ::socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
  int result;
  if (path.empty()) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
    int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  } else {
    sockaddr_un at{AF_UNIX, {}};
    std::strncpy(at.sun_path, path.c_str(), sizeof at.sun_path - 1);
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at);
  }
  if (result != 0) fail("connect");
  return fd;
}

void send_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) std::exit(0);
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void serve(int listener) {
  int fd = ::accept(listener, nullptr, nullptr);
  std::vector<char> content(1 << 20, 'x');
  std::uint64_t size;
  while (::recv(fd, &size, sizeof size, MSG_WAITALL) == sizeof size) {
    send_all(fd, content.data(), size);
  }
}

void copy_between(int one, int other) {
  std::vector<char> buffer(piece);
  for (pollfd both[2] = {{one, POLLIN, 0}, {other, POLLIN, 0}};;) {
    ::poll(both, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (both[i].revents == 0) continue;
      ssize_t got = ::recv(both[i].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      send_all(both[1 - i].fd, buffer.data(), static_cast<std::size_t>(got));
    }
  }
}

void splice_between(int one, int other) {
  int pipe[2];
  if (::pipe(pipe) != 0) fail("pipe");
  ::fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20);
  for (pollfd both[2] = {{one, POLLIN, 0}, {other, POLLIN, 0}};;) {
    ::poll(both, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (both[i].revents == 0) continue;
      ssize_t got = ::splice(both[i].fd, nullptr, pipe[1], nullptr, 1 << 20, SPLICE_F_MOVE);
      if (got <= 0) return;
      while (got > 0) {
        ssize_t put = ::splice(pipe[0], nullptr, both[1 - i].fd, nullptr,
                               static_cast<std::size_t>(got), SPLICE_F_MOVE);
        if (put <= 0) return;
        got -= put;
      }
    }
  }
}

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

/// What comes to the relay's own port goes out of the socket at key 1, all else of that at key 0.
void map_between(int client, int instance, int port) {
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_SOCKMAP;
  map.key_size = map.value_size = sizeof(int);
  map.max_entries = 2;
  int map_fd = bpf(BPF_MAP_CREATE, map);
  if (map_fd < 0) fail("sockmap");
  auto offset = static_cast<std::int16_t>(offsetof(__sk_buff, local_port));
  bpf_insn code[] = {
      {BPF_LDX | BPF_MEM | BPF_W, 2, 1, offset, 0},  // r2 = skb->local_port
      {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0},     // r3 = 0
      {BPF_JMP | BPF_JNE | BPF_K, 2, 0, 1, port},    // not the relay's: skip
      {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 1},     // r3 = 1
      {BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_MAP_FD, 0, map_fd},
      {0, 0, 0, 0, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, 0},  // r4 = 0: out of that socket
      {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_redirect_map},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  };
  std::vector<char> told(64 << 10);
  bpf_attr program{};
  program.prog_type = BPF_PROG_TYPE_SK_SKB;
  program.insns = reinterpret_cast<std::uint64_t>(code);
  program.insn_cnt = sizeof code / sizeof code[0];
  program.license = reinterpret_cast<std::uint64_t>("GPL");
  program.log_buf = reinterpret_cast<std::uint64_t>(told.data());
  program.log_size = static_cast<std::uint32_t>(told.size());
  program.log_level = 1;
  int program_fd = bpf(BPF_PROG_LOAD, program);
  if (program_fd < 0) {
    std::fprintf(stderr, "%s\n", told.data());
    fail("the program of the sockmap");
  }
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(map_fd);
  attach.attach_bpf_fd = static_cast<std::uint32_t>(program_fd);
  attach.attach_type = BPF_SK_SKB_STREAM_VERDICT;
  if (bpf(BPF_PROG_ATTACH, attach) != 0) fail("attaching");
  for (int key : {0, 1}) {
    int socket = key == 0 ? client : instance;
    bpf_attr put{};
    put.map_fd = static_cast<std::uint32_t>(map_fd);
    put.key = reinterpret_cast<std::uint64_t>(&key);
    put.value = reinterpret_cast<std::uint64_t>(&socket);
    if (bpf(BPF_MAP_UPDATE_ELEM, put) != 0) fail("a socket into the map");
  }
  pollfd end{client, POLLRDHUP, 0};
  ::poll(&end, 1, -1);
}

void relay(int listener, int listener_port, int port, const std::string& path,
           const std::string& mode) {
  int client = ::accept(listener, nullptr, nullptr);
  int one = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int instance = connected(port, path);
  if (mode == "splice") return splice_between(client, instance);
  if (mode == "sockmap") return map_between(client, instance, listener_port);
  copy_between(client, instance);
}

/// Of all processors, in seconds, to a hundredth.
double busy() {
  FILE* file = std::fopen("/proc/stat", "r");
  long user = 0, nice = 0, system = 0, idle = 0, wait = 0, hard = 0, soft = 0;
  if (!file || std::fscanf(file, "cpu %ld %ld %ld %ld %ld %ld %ld", &user, &nice, &system, &idle,
                           &wait, &hard, &soft) != 7) {
    fail("/proc/stat");
  }
  std::fclose(file);
  return static_cast<double>(user + nice + system + hard + soft) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

template <class F>
pid_t started(F work) {
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  work();
  std::exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "bypass copy|splice|sockmap|unix BYTES SECONDS\n");
    return 2;
  }
  std::string mode = argv[1];
  std::uint64_t size = std::strtoull(argv[2], nullptr, 10);
  double seconds = std::strtod(argv[3], nullptr);
  int port = 0, relay_port = 0;
  std::string path, none;
  int instance = listener_at(mode == "unix", port, path);
  int listener = listener_at(false, relay_port, none);
  pid_t server = started([&] { serve(instance); });
  pid_t between = started([&] { relay(listener, relay_port, port, path, mode); });
  int fd = connected(relay_port, "");
  ::usleep(100'000);  // both are there, and the map
  std::vector<char> buffer(1 << 20);
  auto ask = [&] {
    send_all(fd, reinterpret_cast<const char*>(&size), sizeof size);
    for (std::uint64_t left = size; left > 0;) {
      ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) fail("the answer");
      left -= static_cast<std::uint64_t>(got);
    }
  };
  for (int i = 0; i < 100; ++i) ask();
  double before = busy();
  double end = bare::now() + seconds;
  std::uint64_t times = 0;
  for (; bare::now() < end; ++times) ask();
  double all = busy() - before;
  ::close(fd);
  rusage usage{};
  int status = 0;
  ::wait4(between, &status, 0, &usage);
  ::kill(server, SIGKILL);
  ::waitpid(server, &status, 0);
  if (!path.empty()) ::unlink(path.c_str());
  auto of = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  double own = of(usage.ru_utime) + of(usage.ru_stime);
  double each = 1e6 / static_cast<double>(times);
  std::printf("{\"times\":%llu,\"all_us\":%.2f,\"relay_us\":%.2f}\n",
              static_cast<unsigned long long>(times), all * each, own * each);
}
