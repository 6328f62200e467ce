#include "os/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

#include "async/wait_list.h"
#include "base/strings.h"
#include "os/pipe_stream.h"

namespace berth::os {
namespace {

/// Nothing if `path` is a program; else why not.
std::optional<Error> not_a_program(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return system_error(errno, "looking for " + path);
  if (S_ISDIR(info.st_mode)) return Error(Code::denied, path + " is a folder, not a program");
  if (::access(path.c_str(), X_OK) == 0) return std::nullopt;
  return Error(Code::denied, path + " is not executable: chmod +x " + path);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

/// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(const SpawnSpec& spec, const char* program, char** argv, char** env,
                         int report, StandardDescriptors standard, int cgroup_procs) {
  if (cgroup_procs >= 0) [[maybe_unused]]
    auto entered = ::write(cgroup_procs, "0", 1);
  if (spec.detached) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  // What it gets goes above the final places first, so that none is overwritten.
  int nothing = ::open("/dev/null", O_RDWR);
  int given[] = {standard.input, standard.output, standard.errors};
  for (int& each : given) each = ::fcntl(each >= 0 ? each : nothing, F_DUPFD_CLOEXEC, 200);
  for (int i = 0; i < 3; ++i) ::dup2(given[i], i);
  int count = static_cast<int>(spec.inherited.size());
  int kept[64];
  for (int i = 0; i < count && i < 64; ++i)
    kept[i] = ::fcntl(spec.inherited[static_cast<std::size_t>(i)], F_DUPFD, 200);
  int report_kept = ::fcntl(report, F_DUPFD_CLOEXEC, 300);
  for (int i = 0; i < count && i < 64; ++i) ::dup2(kept[i], 3 + i);
  ::close_range(3 + static_cast<unsigned>(count), static_cast<unsigned>(report_kept) - 1, 0);
  ::close_range(static_cast<unsigned>(report_kept) + 1, ~0U, 0);
  if (spec.folder.empty() || ::chdir(spec.folder.c_str()) == 0) ::execve(program, argv, env);
  int number = errno;
  [[maybe_unused]] auto written = ::write(report_kept, &number, sizeof number);
  ::_exit(127);
}

/// A child that is waited for, whether or not somebody has a handle of it.
class WatchedChild final : Watched {
 public:
  static Result<std::unique_ptr<WatchedChild>> watch(Reactor& reactor, int pid) {
    Descriptor fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd.valid()) return system_error(errno, "watching process " + std::to_string(pid));
    int number = fd.get();
    std::unique_ptr<WatchedChild> child(new WatchedChild(reactor, std::move(fd), pid));
    TRY(reactor.watch(number, *child));
    return child;
  }
  ~WatchedChild() { reactor_.unwatch(fd_.get(), *this); }
  int pid() const { return pid_; }
  bool ended() const { return ended_; }
  Deferred<ExitStatus> wait() {
    if (ended_) return ready(ExitStatus(status_));
    return waiting_.wait();
  }
  void send_signal(int signal, bool whole_group) {
    if (!ended_) ::kill(whole_group ? -pid_ : pid_, signal);
  }
  /// Its handle is gone: `orphans` lets it go when it has ended.
  void orphaned(Orphans& orphans) { orphans_ = &orphans; }

 private:
  WatchedChild(Reactor& reactor, Descriptor fd, int pid)
      : reactor_(reactor), fd_(std::move(fd)), pid_(pid) {}
  void on_events(std::uint32_t) override;

  Reactor& reactor_;
  Descriptor fd_;
  int pid_;
  bool ended_ = false;
  ExitStatus status_;
  WaitList<ExitStatus> waiting_;
  Orphans* orphans_ = nullptr;
};

}  // namespace

/// The children that nobody has a handle of any more.
class Orphans {
 public:
  void add(std::unique_ptr<WatchedChild> child) {
    child->orphaned(*this);
    children_.push_back(std::move(child));
  }
  void remove(const WatchedChild& child) {
    std::erase_if(children_, [&](auto& each) { return each.get() == &child; });
  }

 private:
  std::vector<std::unique_ptr<WatchedChild>> children_;
};

namespace {

void WatchedChild::on_events(std::uint32_t) {
  int status = 0;
  if (ended_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return;
  ended_ = true;
  if (WIFEXITED(status)) status_.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) status_.signal = WTERMSIG(status);
  while (!waiting_.empty()) waiting_.wake(status_);
  if (orphans_) orphans_->remove(*this);
}

class ChildHandle final : public Child {
 public:
  ChildHandle(std::unique_ptr<WatchedChild> child, std::weak_ptr<Orphans> orphans)
      : child_(std::move(child)), orphans_(std::move(orphans)) {}
  ~ChildHandle() override {
    if (child_->ended()) return;
    if (auto orphans = orphans_.lock()) orphans->add(std::move(child_));
  }
  std::int64_t pid() const override { return child_->pid(); }
  Deferred<ExitStatus> wait() override { return child_->wait(); }
  void send_signal(int signal, bool whole_group) override {
    child_->send_signal(signal, whole_group);
  }

 private:
  std::unique_ptr<WatchedChild> child_;
  std::weak_ptr<Orphans> orphans_;
};

}  // namespace

Result<std::string> program_of(const SpawnSpec& spec) {
  const std::string& name = spec.argv.at(0);
  if (name.find('/') != std::string::npos) {
    std::string path = name[0] == '/' || spec.folder.empty() ? name : spec.folder + "/" + name;
    if (auto error = not_a_program(path)) return std::move(*error);
    return path;
  }
  std::string_view paths = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
  for (auto& [key, value] : spec.env) {
    if (key == "PATH") paths = value;
  }
  for (auto folder : split(paths, ':')) {
    std::string path = std::string(folder) + "/" + name;
    if (!folder.empty() && !not_a_program(path)) return path;
  }
  return Error(Code::not_found,
               name + " is not installed or not in PATH (" + std::string(paths) + ")");
}

Result<int> spawn_process(const SpawnSpec& spec, int cgroup_procs, StandardDescriptors standard) {
  std::string program = TRY(program_of(spec));
  std::vector<std::string> variables;
  for (auto& [key, value] : spec.env) variables.push_back(key + "=" + value);
  auto argv = pointers(spec.argv);
  auto env = pointers(variables);
  Descriptor output;
  if (!spec.output_path.empty()) {
    output = Descriptor(
        ::open(spec.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!output.valid()) return system_error(errno, "opening " + spec.output_path);
    standard = {-1, output.get(), output.get()};
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "starting " + spec.argv[0]);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  int pid = ::fork();
  if (pid < 0) return system_error(errno, "starting " + spec.argv[0]);
  if (pid == 0) {
    become(spec, program.c_str(), argv.data(), env.data(), writing.get(), standard, cgroup_procs);
  }
  writing.reset();
  int number = 0;
  ssize_t got;
  do {
    got = ::read(reading.get(), &number, sizeof number);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof number) {
    ::waitpid(pid, nullptr, 0);
    return system_error(
        number, "starting " + spec.argv[0] + (spec.folder.empty() ? "" : " in " + spec.folder));
  }
  return pid;
}

Process::Process(Reactor& reactor) : reactor_(reactor), orphans_(std::make_shared<Orphans>()) {}
Process::~Process() = default;

namespace {

/// The child's end of a pipe; ours goes into `stream`.
Result<Descriptor> make_pipe(Reactor& reactor, bool child_reads,
                             std::unique_ptr<ByteStream>& stream) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "making a pipe");
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  using Direction = PipeStream::Direction;
  if (child_reads) {
    stream = TRY(PipeStream::adopt(reactor, std::move(writing), Direction::writes));
    return reading;
  }
  stream = TRY(PipeStream::adopt(reactor, std::move(reading), Direction::reads));
  return writing;
}

}  // namespace

Deferred<std::unique_ptr<Child>> Process::spawn(SpawnSpec spec) {
  return resolved<std::unique_ptr<Child>>(spawn_now(spec));
}

Result<std::unique_ptr<Child>> Process::spawn_now(const SpawnSpec& spec) {
  ChildPipes ours;
  Descriptor input;
  Descriptor output;
  Descriptor errors;
  if (spec.pipes) {
    if (!spec.output_path.empty())
      return Error(Code::invalid, "a child with pipes has no output_path");
    input = TRY(make_pipe(reactor_, true, ours.input));
    output = TRY(make_pipe(reactor_, false, ours.output));
    errors = TRY(make_pipe(reactor_, false, ours.errors));
  }
  int pid = TRY(spawn_process(spec, -1, {input.get(), output.get(), errors.get()}));
  auto watched = TRY(WatchedChild::watch(reactor_, pid));
  std::unique_ptr<Child> child(new ChildHandle(std::move(watched), orphans_));
  child->pipes = std::move(ours);
  return child;
}

Result<std::unique_ptr<ByteStream>> Process::standard_stream(StandardStream which) {
  Descriptor own = TRY(duplicate(static_cast<int>(which)));
  return PipeStream::adopt(reactor_, std::move(own),
                           which == StandardStream::input ? PipeStream::Direction::reads
                                                          : PipeStream::Direction::writes);
}

Result<std::string> Process::find_program(const SpawnSpec& spec) { return program_of(spec); }

}  // namespace berth::os
