#include "os/host.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "base/strings.h"

extern char** environ;

namespace berth::os {
namespace {

constexpr std::size_t small_file_bytes_max = 16 << 20;

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "writing " + path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

std::int64_t host_cpu_millicores() { return ::sysconf(_SC_NPROCESSORS_ONLN) * 1000; }

std::int64_t host_memory_bytes() { return ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE); }

std::string own_program() {
  char path[4096];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "berth";
}

std::string absolute_path(const std::string& path) {
  if (char* real = ::realpath(path.c_str(), nullptr)) {
    std::string resolved = real;
    std::free(real);
    return resolved;
  }
  if (path.starts_with('/')) return path;
  char folder[4096];
  return ::getcwd(folder, sizeof folder) ? std::string(folder) + "/" + path : path;
}

std::vector<std::pair<std::string, std::string>> own_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** each = environ; each && *each; ++each) {
    if (auto pair = split_once(*each, '=')) variables.emplace_back(pair->first, pair->second);
  }
  return variables;
}

std::int64_t own_pid() { return ::getpid(); }
std::uint32_t own_user() { return ::getuid(); }

bool process_runs(std::int64_t pid) {
  if (pid <= 0 || (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH)) return false;
  auto stat = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) return false;
  std::size_t name_end = stat->rfind(") ");
  return name_end != std::string::npos && (*stat)[name_end + 2] != 'Z';
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

Result<Descriptor> lock_file(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return system_error(errno, "opening " + path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(errno, "locking " + path);
    char text[32] = {};
    ssize_t size = ::pread(fd.get(), text, sizeof text - 1, 0);
    std::string holder(trim(std::string_view(text, size > 0 ? static_cast<std::size_t>(size) : 0)));
    return Error(Code::in_use, path + " is held by process " + (holder.empty() ? "?" : holder));
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0) return system_error(errno, "writing " + path);
  if (auto written = write_all(fd.get(), pid, path); !written.ok()) {
    return std::move(written).error();
  }
  return fd;
}

Result<std::string> read_small_file(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error(errno, "reading " + path);
  std::string text;
  char part[4096];
  for (;;) {
    ssize_t count = ::read(fd.get(), part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "reading " + path);
    if (count == 0) return text;
    text.append(part, static_cast<std::size_t>(count));
    if (text.size() > small_file_bytes_max) {
      return Error(Code::overloaded, path + " is larger than 16 MiB");
    }
  }
}

Result<void> write_private_file(const std::string& path, const std::string& text) {
  std::string fresh = path + ".new";
  Descriptor fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return system_error(errno, "opening " + fresh);
  TRY(write_all(fd.get(), text, fresh));
  if (::fsync(fd.get()) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return system_error(errno, "writing " + path);
  }
  return {};
}

void remove_file(const std::string& path) { ::unlink(path.c_str()); }

Result<void> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error(errno, "making the folder " + path);
  }
  return {};
}

}  // namespace berth::os
