#include "os/socket_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/strings.h"

namespace berth::os {
namespace {

constexpr std::size_t processes_max = 64;  // of one instance that are looked at

std::string link_of(std::uint64_t inode) { return "socket:[" + std::to_string(inode) + "]"; }

bool holds(std::int64_t pid, const std::string& wanted) {
  std::string path = "/proc/" + std::to_string(pid) + "/fd";
  DIR* folder = ::opendir(path.c_str());
  if (!folder) return false;
  bool found = false;
  while (dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    char target[64];
    ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target);
    if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == wanted) {
      found = true;
      break;
    }
  }
  ::closedir(folder);
  return found;
}

void add_children(std::int64_t pid, std::vector<std::int64_t>& pids) {
  std::string name = std::to_string(pid);
  std::FILE* file = std::fopen(("/proc/" + name + "/task/" + name + "/children").c_str(), "re");
  if (!file) return;
  long long child;
  while (pids.size() < processes_max && std::fscanf(file, "%lld", &child) == 1) {
    pids.push_back(child);
  }
  std::fclose(file);
}

}  // namespace

Result<SocketOwner> SocketOwner::open() {
  Descriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd.valid()) return system_error(errno, "opening sock_diag");
  timeval limit{0, 100'000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return SocketOwner(std::move(fd));
}

std::uint64_t SocketOwner::inode_of(const Address& local, const Address& peer) {
  if (local.family() != Address::Family::ipv4 || peer.family() != Address::Family::ipv4) return 0;
  struct {
    nlmsghdr head;
    inet_diag_req_v2 body;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST;
  request.body.sdiag_family = AF_INET;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0U;
  request.body.id.idiag_sport = htons(local.port());
  request.body.id.idiag_dport = htons(peer.port());
  request.body.id.idiag_src[0] = htonl(local.ipv4_value());
  request.body.id.idiag_dst[0] = htonl(peer.ipv4_value());
  request.body.id.idiag_cookie[0] = request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (::send(netlink_.get(), &request, sizeof request, 0) < 0) return 0;
  alignas(nlmsghdr) char answer[2048];
  ssize_t size = ::recv(netlink_.get(), answer, sizeof answer, 0);
  auto* head = reinterpret_cast<nlmsghdr*>(answer);
  if (size < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(inet_diag_msg)) ||
      head->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return 0;
  }
  inet_diag_msg message;
  std::memcpy(&message, NLMSG_DATA(head), sizeof message);
  return message.idiag_inode;
}

bool SocketOwner::held_by(std::int64_t pid, std::uint64_t inode) {
  return holds(pid, link_of(inode));
}

int SocketOwner::holder(std::span<const std::int64_t> pids, std::uint64_t inode) {
  std::string wanted = link_of(inode);
  for (std::size_t i = 0; i < pids.size(); ++i) {
    std::vector<std::int64_t> family{pids[i]};
    for (std::size_t next = 0; next < family.size(); ++next) {
      if (holds(family[next], wanted)) return static_cast<int>(i);
      add_children(family[next], family);
    }
  }
  return -1;
}

}  // namespace berth::os
