#include "os/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include "base/strings.h"
#include "os/host.h"

namespace berth::os {
namespace {

/// Writes into a file of the kernel that is there; errno, or 0.
int write_value(const std::string& path, std::string_view value) {
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return errno;
  return ::write(fd.get(), value.data(), value.size()) < 0 ? errno : 0;
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto each : split(trim(text), ' ')) {
    if (each == word) return true;
  }
  return false;
}

/// Where the tree of version 2 is mounted; empty: nowhere.
std::string mount_point(const CgroupPlaces& places) {
  auto mounts = read_small_file(places.mounts);
  if (!mounts.ok()) return "";
  for (auto line : split(*mounts, '\n')) {
    std::size_t dash = line.find(" - cgroup2 ");
    if (dash == std::string_view::npos) continue;
    auto fields = split(line.substr(0, dash), ' ');
    if (fields.size() > 4) return std::string(fields[4]);
  }
  return "";
}

/// Our own place in that tree: "/user.slice/...", from the line "0::PATH".
std::string own_place(const CgroupPlaces& places) {
  auto text = read_small_file(places.own);
  if (!text.ok()) return "/";
  for (auto line : split(*text, '\n')) {
    if (line.starts_with("0::")) return std::string(line.substr(3));
  }
  return "/";
}

std::vector<std::string_view> controllers_for(const CgroupLimits& limits) {
  std::vector<std::string_view> wanted;
  if (limits.memory_bytes > 0) wanted.emplace_back("memory");
  if (limits.cpu_millicores > 0) wanted.emplace_back("cpu");
  return wanted;
}

/// Nothing if cgroups below `parent` get the controllers; else the reason why not.
std::optional<Error> hand_on(const std::string& parent,
                             const std::vector<std::string_view>& wanted) {
  auto available = read_small_file(parent + "/cgroup.controllers");
  if (!available.ok()) return std::move(available).error();
  auto handed_on = read_small_file(parent + "/cgroup.subtree_control");
  if (!handed_on.ok()) return std::move(handed_on).error();
  for (auto controller : wanted) {
    if (!has_word(*available, controller)) {
      return Error(Code::unsupported, "the cgroup v2 tree has no " + std::string(controller) +
                                          " controller at " + parent);
    }
    if (has_word(*handed_on, controller)) continue;
    std::string order = "+" + std::string(controller);
    if (int number = write_value(parent + "/cgroup.subtree_control", order); number != 0) {
      return system_error(number,
                          "handing on the " + std::string(controller) + " controller in " + parent);
    }
  }
  return std::nullopt;
}

Result<std::string> make_below_nearest(const std::string& root, std::string place,
                                       const std::string& name,
                                       const std::vector<std::string_view>& wanted) {
  for (;;) {
    while (place.ends_with('/')) place.pop_back();
    std::string parent = root + place;
    auto error = hand_on(parent, wanted);
    if (!error) {
      std::string path = parent + "/" + name;
      if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return path;
      error = system_error(errno, "making the cgroup " + path);
    }
    if (place.empty()) return std::move(*error);
    place.resize(place.rfind('/'));
  }
}

/// 1 core is the kernel's default weight of 100.
std::string weight_of(std::int64_t millicores) {
  return std::to_string(std::clamp<std::int64_t>(millicores / 10, 1, 10'000));
}

}  // namespace

Result<std::unique_ptr<Cgroup>> Cgroup::make(const std::string& name, const CgroupLimits& limits,
                                             const CgroupPlaces& places) {
  std::string root = mount_point(places);
  if (root.empty()) {
    return Error(Code::unsupported,
                 "this machine has cgroup version 1 only; limits need version 2");
  }
  auto wanted = controllers_for(limits);
  std::string path = TRY(make_below_nearest(root, own_place(places), name, wanted));
  Descriptor procs(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!procs.valid()) {
    int number = errno;
    ::rmdir(path.c_str());
    return system_error(number, "opening " + path + "/cgroup.procs");
  }
  std::unique_ptr<Cgroup> made(new Cgroup(path, std::move(procs)));
  if (limits.memory_bytes > 0) {
    int number = write_value(path + "/memory.max", std::to_string(limits.memory_bytes));
    if (number != 0) return system_error(number, "writing " + path + "/memory.max");
    write_value(path + "/memory.swap.max", "0");  // absent where the kernel counts no swap
    write_value(path + "/memory.oom.group", "1");
  }
  if (limits.cpu_millicores > 0) {
    int number = write_value(path + "/cpu.weight", weight_of(limits.cpu_millicores));
    if (number != 0) return system_error(number, "writing " + path + "/cpu.weight");
  }
  return made;
}

void Cgroup::clean(const std::string& path) {
  auto pids = read_small_file(path + "/cgroup.procs");
  if (!pids.ok()) return;
  if (write_value(path + "/cgroup.kill", "1") != 0) {  // Linux before 5.14 has none
    for (auto line : split(*pids, '\n')) {
      auto pid = parse_integer<pid_t>(line, 1);
      if (pid.ok()) ::kill(*pid, SIGKILL);
    }
  }
  for (int tries = 0; tries < 50 && ::rmdir(path.c_str()) != 0 && errno == EBUSY; ++tries) {
    ::usleep(10'000);  // the kernel lets go of the dead a moment later
  }
}

Cgroup::~Cgroup() { clean(path_); }

bool Cgroup::holds(std::int64_t pid) const {
  auto pids = read_small_file(path_ + "/cgroup.procs");
  if (!pids.ok()) return false;
  auto lines = split(*pids, '\n');
  return std::ranges::find(lines, std::to_string(pid)) != lines.end();
}

std::uint64_t Cgroup::out_of_memory_kills() const {
  auto events = read_small_file(path_ + "/memory.events");
  if (!events.ok()) return 0;
  for (auto line : split(*events, '\n')) {
    if (line.starts_with("oom_kill "))
      return parse_integer<std::uint64_t>(line.substr(9)).value_or(0);
  }
  return 0;
}

}  // namespace berth::os
