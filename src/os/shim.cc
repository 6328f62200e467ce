#include "os/shim.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <list>
#include <memory>

#include "base/json.h"
#include "base/strings.h"
#include "base/units.h"
#include "os/cgroup.h"
#include "os/host.h"
#include "os/hosts_binding.h"
#include "os/log_file.h"
#include "os/network.h"
#include "os/process.h"
#include "os/process_table.h"

namespace berth::os {
namespace {

constexpr int exit_no_socket = 1;
constexpr int exit_no_spec = 2;
constexpr int exit_taken = 3;

std::string text_of(const Json& json, std::string_view key) {
  return std::string(json[key].string_or(""));
}

void kill_children() {
  for (auto& each : all_processes()) {
    if (each.parent == ::getpid()) ::kill(static_cast<pid_t>(each.pid), SIGKILL);
  }
}

/// Ends what the program of a dead shim left: its process group, if that is still the one of the
/// dead shim's session, and its cgroup.
void end_what_is_left(const Json& status) {
  auto group = status["pid"].integer().value_or(0);
  auto session = status["session"].integer().value_or(0);
  if (group > 0) {
    for (auto& each : all_processes()) {
      if (each.group != group || each.session != session) continue;
      ::kill(-static_cast<pid_t>(group), SIGKILL);
      break;
    }
  }
  if (auto cgroup = text_of(status, "cgroup"); !cgroup.empty()) Cgroup::clean(cgroup);
}

class Shim {
 public:
  Shim(std::string spec_path, Json spec)
      : spec_path_(std::move(spec_path)),
        spec_(std::move(spec)),
        log_(text("log"), spec_["log_bytes_max"].unsigned_integer().value_or(10 << 20)) {}

  int run() {
    auto listener = bind_listener(Address::unix_path(text("socket")));
    if (!listener.ok()) {
      if (listener.error().is(Code::in_use)) return exit_taken;
      log_.take("berth: control socket: " + listener.error().text() + "\n");
      return exit_no_socket;
    }
    listener_ = std::move(*listener);
    if (auto status = read_small_file(text("status")); status.ok()) {
      end_what_is_left(Json::parse(*status).value_or(Json()));
      remove_files();
      return 0;
    }
    watch_children();
    make_cgroup();
    hosts_ = bind_hosts(text("hosts"));
    if (auto started = start(); !started.ok()) {
      log_.take("berth: " + started.error().text() + "\n");
      how_ = {127, 0, started.error().text()};
      ended_ = true;
    }
    keep_status();
    while (!forgotten_) turn();
    return 0;
  }

 private:
  struct Peer {
    Descriptor fd;
    std::string received;
    bool waits = false;
  };
  static constexpr std::size_t peers_max = 16;
  static constexpr std::size_t command_bytes_max = 4096;

  std::string text(std::string_view key) const { return text_of(spec_, key); }

  /// The spec first: without it nobody runs a shim on the others again.
  void remove_files() {
    ::unlink(spec_path_.c_str());
    ::unlink(text("status").c_str());
    ::unlink(text("socket").c_str());
  }

  /// Orphans of the program become our children, so that none of them outlives it unseen.
  void watch_children() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    children_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  void make_cgroup() {
    auto& wanted = spec_["limits"];
    limits_.memory_bytes = wanted["memory_bytes"].integer().value_or(0);
    limits_.cpu_millicores = wanted["cpu_millicores"].integer().value_or(0);
    if (limits_.memory_bytes == 0 && limits_.cpu_millicores == 0) {
      limits_told_ = "none asked for";
      return;
    }
    auto made = Cgroup::make(text("cgroup_name"), limits_);
    if (made.ok()) {
      cgroup_ = std::move(*made);
    } else {
      limits_told_ = "not enforced: " + made.error().text();
    }
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
    if (spawn.argv.empty()) return Error(Code::invalid, "the shim's spec has no argv");
    spawn.folder = text("folder");
    spawn.output_path = "/proc/self/fd/" + std::to_string(writing.get());
    pid_ = TRY(spawn_process(spawn, cgroup_ ? cgroup_->procs() : -1));
    if (!cgroup_) return {};
    bool inside = cgroup_->holds(pid_);
    limits_told_ = inside ? "enforced" : "not enforced: it could not enter " + cgroup_->path();
    if (!inside) cgroup_.reset();
    return {};
  }

  void turn() {
    std::vector<pollfd> watched{
        {listener_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {children_.get(), POLLIN, 0}};
    for (auto& peer : peers_) watched.push_back({peer.fd.get(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) return;
    if (watched[1].revents) take_output();
    if (watched[2].revents) reap();
    std::size_t index = 3;
    for (auto peer = peers_.begin(); peer != peers_.end(); ++index) {
      bool gone = watched[index].revents && !serve(*peer);
      peer = gone ? peers_.erase(peer) : std::next(peer);
    }
    if (watched[0].revents) {
      Descriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd.valid() && peers_.size() < peers_max) peers_.push_back({std::move(fd), {}, false});
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

  void reap() {
    signalfd_siginfo info;
    while (::read(children_.get(), &info, sizeof info) == sizeof info) {
    }
    int status = 0;
    int pid;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == pid_ && !ended_) take_end(status);
    }
    if (pid == 0 && ended_) kill_children();  // more of them may become ours until none is left
  }

  void take_end(int status) {
    while (output_.valid()) {  // what it wrote last; its own children may hold the pipe open
      pollfd ready{output_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 0) <= 0) break;
      take_output();
    }
    ended_ = true;
    if (WIFEXITED(status)) how_.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) how_.signal = WTERMSIG(status);
    if (cgroup_ && cgroup_->out_of_memory_kills() > 0) {
      how_.note = "out of memory: its limit is " + write_size(limits_.memory_bytes);
    }
    ::kill(-pid_, SIGKILL);  // whatever it left in its process group
    cgroup_.reset();         // and what left the group
    keep_status();
    for (auto& peer : peers_) {
      if (peer.waits) answer(peer, status_text());
    }
  }

  std::string status_text() const {
    Json status = Json::object();
    status.set("pid", pid_);
    status.set("session", ::getpid());
    status.set("running", !ended_);
    status.set("hosts", hosts_);
    status.set("limits", limits_told_);
    status.set("cgroup", cgroup_ ? cgroup_->path() : "");
    status.set("writes_dropped", log_.dropped());
    if (ended_) {
      status.set("code", how_.code);
      status.set("signal", how_.signal);
      status.set("note", how_.note);
    }
    return status.text();
  }
  /// Not synced: after a loss of power there is nothing left that it would be needed for.
  void keep_status() {
    std::string path = text("status");
    std::string content = status_text();
    Descriptor fd(::open((path + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid() || ::write(fd.get(), content.data(), content.size()) < 0 ||
        ::rename((path + ".new").c_str(), path.c_str()) != 0) {
      log_.take("berth: " + system_error(errno, "writing " + path).text() + "\n");
    }
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
    if (peer.received.size() > command_bytes_max) return false;
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
      if (ended_) remove_files();
      answer(peer, ended_ ? "{\"ok\":true}" : "{\"ok\":false,\"text\":\"it runs\"}");
      forgotten_ = ended_;
    } else {
      answer(peer, "{\"ok\":false,\"text\":\"unknown command\"}");
    }
  }

  std::string spec_path_;
  Json spec_;
  LogFile log_;
  Descriptor listener_;
  Descriptor output_;
  Descriptor children_;
  std::list<Peer> peers_;
  CgroupLimits limits_;
  std::unique_ptr<Cgroup> cgroup_;
  std::string hosts_;
  std::string limits_told_;
  ExitStatus how_;
  int pid_ = 0;
  bool ended_ = false;
  bool forgotten_ = false;
};

}  // namespace

int run_shim(const std::string& spec_path) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  auto text = read_small_file(spec_path);
  if (!text.ok()) return exit_no_spec;
  auto spec = Json::parse(*text);
  if (!spec.ok()) return exit_no_spec;
  return Shim(spec_path, std::move(*spec)).run();
}

}  // namespace berth::os
