#include "os/shim.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <list>
#include <sstream>

#include "base/json.h"
#include "base/strings.h"
#include "os/log_file.h"
#include "os/network.h"
#include "os/process.h"

namespace berth::os {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool write_file(const std::string& path, std::string_view text) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return fd.valid() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Binds `hosts` over /etc/hosts in a mount name space of our own; says why not where it cannot.
std::string bind_hosts(const std::string& hosts) {
  if (hosts.empty()) return "not asked for";
  uid_t user = ::getuid();
  gid_t group = ::getgid();
  if (user == 0) {
    if (::unshare(CLONE_NEWNS) != 0)
      return std::string("no mount name space: ") + std::strerror(errno);
  } else {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return std::string("no user name space: ") + std::strerror(errno);
    }
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", std::to_string(user) + " " + std::to_string(user) + " 1");
    write_file("/proc/self/gid_map", std::to_string(group) + " " + std::to_string(group) + " 1");
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
    return std::string("no bind mount: ") + std::strerror(errno);
  }
  return "bound";
}

class Shim {
 public:
  explicit Shim(Json spec)
      : spec_(std::move(spec)), log_(text("log"), bytes("log_bytes_max", 10 << 20)) {}

  int run() {
    auto listener = bind_listener(Address::unix_path(text("socket")));
    if (!listener.ok()) return fail("control socket", listener.error());
    listener_ = std::move(*listener);
    hosts_ = bind_hosts(text("hosts"));
    if (auto started = start(); !started.ok()) {
      log_.take("berth: " + started.error().text() + "\n");
      end_text_ = started.error().text();
      ended_ = true;
      exit_code_ = 127;
      keep_status();
    }
    while (!forgotten_) turn();
    ::unlink(text("socket").c_str());
    return 0;
  }

 private:
  struct Peer {
    Descriptor fd;
    std::string received;
    bool waits = false;
  };

  std::string text(std::string_view key) const { return std::string(spec_[key].string_or("")); }
  std::uint64_t bytes(std::string_view key, std::uint64_t other) const {
    return spec_[key].unsigned_integer().value_or(other);
  }
  int fail(const char* what, const Error& error) {
    log_.take(std::string("berth: ") + what + ": " + error.text() + "\n");
    return 1;
  }

  Result<void> start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return system_error(errno, "making a pipe");
    output_ = Descriptor(ends[0]);
    Descriptor writing(ends[1]);
    ::fcntl(writing.get(), F_SETFL, 0);
    SpawnSpec spawn;
    for (auto& argument : spec_["argv"].items()) spawn.argv.emplace_back(argument.string_or(""));
    for (auto& [key, value] : spec_["env"].members())
      spawn.env.emplace_back(key, value.string_or(""));
    spawn.folder = text("folder");
    spawn.output_path = "/proc/self/fd/" + std::to_string(writing.get());
    pid_ = TRY(spawn_process(spawn));
    exit_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open_number, pid_, 0)));
    return {};
  }

  void turn() {
    std::vector<pollfd> watched{
        {listener_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {exit_.get(), POLLIN, 0}};
    for (auto& peer : peers_) watched.push_back({peer.fd.get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) return;
    if (watched[1].revents) take_output();
    if (watched[2].revents) take_exit();
    std::size_t index = 3;
    for (auto peer = peers_.begin(); peer != peers_.end(); ++index) {
      bool gone = watched[index].revents && !serve(*peer);
      peer = gone ? peers_.erase(peer) : std::next(peer);
    }
    if (watched[0].revents) {
      Descriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd.valid() && peers_.size() < 16) peers_.push_back({std::move(fd), {}, false});
    }
  }

  void take_output() {
    char buffer[16384];
    ssize_t count = ::read(output_.get(), buffer, sizeof buffer);
    if (count > 0) {
      log_.take({buffer, static_cast<std::size_t>(count)});
    } else if (count == 0) {
      log_.finish();
      output_.reset();
    }
  }

  void take_exit() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
    while (output_.valid()) {  // what it wrote last; its own children may hold the pipe open
      pollfd ready{output_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 0) <= 0) break;
      take_output();
    }
    exit_.reset();
    ended_ = true;
    ExitStatus how;
    if (WIFEXITED(status)) how.code = exit_code_ = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) how.signal = exit_signal_ = WTERMSIG(status);
    end_text_ = how.text();
    ::kill(-pid_, SIGKILL);  // whatever it left in its process group
    keep_status();
    for (auto& peer : peers_) {
      if (peer.waits) answer(peer, status_text());
    }
  }

  std::string status_text() const {
    Json status = Json::object();
    status.set("pid", ended_ ? 0 : pid_);
    status.set("running", !ended_);
    status.set("hosts", hosts_);
    if (ended_) {
      status.set("code", exit_code_);
      status.set("signal", exit_signal_);
      status.set("text", end_text_);
    }
    return status.text();
  }
  void keep_status() {
    std::string path = text("status");
    if (write_file(path + ".new", status_text())) ::rename((path + ".new").c_str(), path.c_str());
  }

  void answer(Peer& peer, const std::string& line) {
    std::string out = line + "\n";
    ::send(peer.fd.get(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// False once the peer is gone.
  bool serve(Peer& peer) {
    char buffer[512];
    ssize_t count = ::recv(peer.fd.get(), buffer, sizeof buffer, 0);
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    peer.received.append(buffer, static_cast<std::size_t>(count));
    if (peer.received.size() > 4096) return false;
    for (std::size_t end; (end = peer.received.find('\n')) != std::string::npos;) {
      command(peer, peer.received.substr(0, end));
      peer.received.erase(0, end + 1);
    }
    return true;
  }

  void command(Peer& peer, const std::string& line) {
    if (line == "status") {
      answer(peer, status_text());
    } else if (line == "wait") {
      peer.waits = true;
      if (ended_) answer(peer, status_text());
    } else if (line.starts_with("signal ")) {
      auto number = parse_integer<int>(std::string_view(line).substr(7), 1, 64);
      if (number.ok() && !ended_) ::kill(-pid_, *number);
      answer(peer, number.ok() ? "{\"ok\":true}" : "{\"ok\":false}");
    } else if (line == "forget") {
      answer(peer, "{\"ok\":true}");
      forgotten_ = ended_;
    } else {
      answer(peer, "{\"ok\":false,\"text\":\"unknown command\"}");
    }
  }

  static constexpr long SYS_pidfd_open_number = 434;

  Json spec_;
  LogFile log_;
  Descriptor listener_;
  Descriptor output_;
  Descriptor exit_;
  std::list<Peer> peers_;
  std::string hosts_;
  std::string end_text_;
  int pid_ = 0;
  int exit_code_ = 0;
  int exit_signal_ = 0;
  bool ended_ = false;
  bool forgotten_ = false;
};

}  // namespace

int run_shim(const std::string& spec_path) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  auto spec = Json::parse(read_file(spec_path));
  if (!spec.ok()) return 2;
  return Shim(std::move(*spec)).run();
}

}  // namespace berth::os
