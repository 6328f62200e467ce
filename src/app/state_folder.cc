#include "app/state_folder.h"

#include "os/host.h"
#include "os/network.h"

namespace berth::app {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

constexpr int tries_max = 200;

}  // namespace

Result<StateFolder> StateFolder::take(const std::string& path, Random& random) {
  StateFolder folder;
  folder.path_ = path;
  TRY(os::make_private_folder(path));
  auto lock = os::lock_file(path + "/dev.lock");
  if (!lock.ok()) {
    if (!lock.error().is(Code::in_use)) return std::move(lock).error();
    return Error(Code::in_use, "berth dev runs here already (" +
                                   std::string(lock.error().message()) +
                                   "); use its commands (berth ps), or end it first");
  }
  folder.lock_ = std::move(*lock);
  auto settings = os::read_small_file(folder.file("settings.json"));
  if (settings.ok()) {
    auto parsed = Json::parse(*settings);
    if (parsed.ok()) folder.settings_ = std::move(*parsed);
  }
  if (!folder.settings_.is_object()) folder.settings_ = Json::object();
  folder.token_ = folder.settings_["token"].string_or("");
  if (folder.token_.size() != 64) {
    char bytes[32];
    random.secret_bytes(bytes, sizeof bytes);
    folder.token_ = hex({bytes, sizeof bytes});
    folder.settings_.set("token", folder.token_);
  }
  return folder;
}

std::uint16_t StateFolder::remembered_port(std::string_view name, std::uint16_t otherwise) const {
  auto port = settings_["ports"][name].integer().value_or(otherwise);
  return port > 0 && port < 65536 ? static_cast<std::uint16_t>(port) : otherwise;
}

void StateFolder::remember_port(std::string_view name, std::uint16_t port) {
  Json ports = settings_["ports"];
  ports.set(std::string(name), port);
  settings_.set("ports", std::move(ports));
}

Result<void> StateFolder::keep() {
  return os::write_private_file(file("settings.json"), settings_.text() + "\n");
}

Result<void> StateFolder::tell_address(const Address& api, std::string_view system,
                                       std::string_view version) {
  Json told = Json::object();
  told.set("address", api.text());
  told.set("token", token_);
  told.set("pid", os::own_pid());
  told.set("system", system);
  told.set("version", version);
  return os::write_private_file(file("api.json"), told.text() + "\n");
}

void StateFolder::forget_address() { os::remove_file(file("api.json")); }

PortClaims::PortClaims() : folder_("/tmp/berth-ports-" + std::to_string(os::own_user())) {}

bool PortClaims::claimed(const std::string& name) {
  if (!os::make_private_folder(folder_).ok()) return true;  // claims help, they are not needed
  auto lock = os::lock_file(folder_ + "/" + name);
  if (!lock.ok()) return !lock.error().is(Code::in_use);
  locks_.push_back(std::move(*lock));
  return true;
}

Result<void> PortClaims::hold(const Address& address) {
  sockets_[address] = TRY(os::bind_listener(address));
  return {};
}

os::Descriptor PortClaims::take_socket(const Address& address) {
  auto found = sockets_.find(address);
  if (found == sockets_.end()) return {};
  os::Descriptor socket = std::move(found->second);
  sockets_.erase(found);
  return socket;
}

Result<std::uint16_t> PortClaims::claim(std::uint16_t wanted, bool datagrams, bool ours) {
  for (int i = 0; i < tries_max; ++i) {
    auto port = static_cast<std::uint16_t>(wanted + i);
    if (!claimed(std::to_string(port))) continue;
    if (ours && i == 0) return port;
    if (datagrams && !os::bind_datagram_descriptor(Address::loopback(port)).ok()) continue;
    auto held = hold(Address::loopback(port));
    if (held.ok()) return port;
    if (!held.error().is(Code::in_use)) return std::move(held).error();
  }
  return Error(Code::in_use, "no port from " + std::to_string(wanted) + " to " +
                                 std::to_string(wanted + tries_max - 1) + " is free on 127.0.0.1");
}

Result<std::uint32_t> PortClaims::claim_network(std::uint32_t wanted, std::uint16_t vip_port,
                                                bool ours) {
  for (std::uint32_t i = 0; i < 254; ++i) {
    std::uint32_t third = (wanted - 1 + i) % 254 + 1;
    std::uint32_t network = 0x7f4d0000 | third << 8;
    if (!claimed("network-" + std::to_string(third))) continue;
    // The first service's VIP stands for all: who uses the network listens there.
    if (ours && i == 0) return network;
    auto held = hold(Address::ipv4(network | 2, vip_port));
    if (held.ok()) return network;
    if (!held.error().is(Code::in_use)) return std::move(held).error();
  }
  return Error(Code::in_use, "every network 127.77.N.0/24 is used by another system");
}

}  // namespace berth::app
