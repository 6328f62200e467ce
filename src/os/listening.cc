#include "os/listening.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "os/host.h"
#include "os/process_table.h"

namespace berth::os {
namespace {

constexpr std::size_t processes_max = 256;  // of one family that are looked at
constexpr std::string_view state_listen = "0A";

std::set<std::int64_t> family_of(std::int64_t pid) {
  auto processes = all_processes();
  std::set<std::int64_t> family;
  for (std::size_t before = ~std::size_t{0};
       before != family.size() && family.size() < processes_max;) {
    before = family.size();
    for (auto& each : processes) {
      if (each.pid == pid || each.group == pid || family.contains(each.parent)) {
        family.insert(each.pid);
      }
    }
  }
  return family;
}

void add_sockets(std::int64_t pid, std::set<std::string>& inodes) {
  DIR* folder = ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  if (!folder) return;
  while (dirent* entry = ::readdir(folder)) {
    char target[64];
    ssize_t size = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target);
    std::string_view text(target, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (!text.starts_with("socket:[")) continue;
    inodes.emplace(text.substr(8, text.size() - 9));
  }
  ::closedir(folder);
}

std::uint32_t hexadecimal(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

/// "0100007F:1F90" or the same with 32 digits: words of 32 bits in this machine's byte order.
Address address_of(std::string_view text) {
  auto parts = split_once(text, ':');
  if (!parts) return {};
  auto port = static_cast<std::uint16_t>(hexadecimal(parts->second));
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t word = 0; word < parts->first.size() / 8; ++word) {
    std::uint32_t value = hexadecimal(parts->first.substr(word * 8, 8));
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&value), 4, ip.begin() + 4 * word);
  }
  if (parts->first.size() != 8) return Address::ipv6(ip, port);
  return Address::ipv4(
      std::uint32_t{ip[0]} << 24 | std::uint32_t{ip[1]} << 16 | std::uint32_t{ip[2]} << 8 | ip[3],
      port);
}

void add_listening(const std::string& table, const std::set<std::string>& inodes,
                   std::vector<Address>& out) {
  auto text = read_small_file(table);
  if (!text.ok()) return;
  for (auto line : split(*text, '\n')) {
    std::vector<std::string_view> fields = split(line, ' ');
    std::erase_if(fields, [](std::string_view field) { return field.empty(); });
    if (fields.size() < 10 || fields[3] != state_listen) continue;
    if (inodes.contains(std::string(fields[9]))) out.push_back(address_of(fields[1]));
  }
}

}  // namespace

std::vector<Address> listening_addresses(std::int64_t pid) {
  std::set<std::string> inodes;
  auto family = family_of(pid);
  for (std::int64_t each : family) add_sockets(each, inodes);
  std::vector<Address> out;
  if (inodes.empty()) return out;
  std::int64_t any = family.contains(pid) ? pid : *family.begin();
  std::string folder = "/proc/" + std::to_string(any) + "/net/";
  add_listening(folder + "tcp", inodes, out);
  add_listening(folder + "tcp6", inodes, out);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace berth::os
