#include "app/checkup.h"

#include <fmt/format.h>

#include "async/clock.h"
#include "async/disk.h"
#include "async/network.h"
#include "base/dns_message.h"
#include "base/units.h"
#include "os/host.h"

namespace berth::app {
namespace {

constexpr std::uint64_t descriptors_wanted = 4096;
constexpr std::uint64_t disk_wanted_bytes = std::uint64_t{1} << 30;
constexpr Duration dns_timeout = 1s;

}  // namespace

void Checkup::add(std::string name, std::string level, std::string text, std::string remedy) {
  Json check = Json::object();
  check.set("name", std::move(name));
  check.set("level", std::move(level));
  check.set("text", std::move(text));
  check.set("remedy", std::move(remedy));
  checks_.add(std::move(check));
}

Json Checkup::json() const {
  Json json = Json::object();
  json.set("checks", checks_);
  return json;
}

void check_descriptors(Checkup& checkup) {
  std::uint64_t limit = os::raise_descriptor_limit();
  std::string text = fmt::format("{} descriptors may be open at once", limit);
  if (limit >= descriptors_wanted) return checkup.add("descriptors", "ok", text, "");
  checkup.add("descriptors", "warn", text,
              fmt::format("raise the hard limit: ulimit -Hn {}", descriptors_wanted));
}

void check_reactor(Checkup& checkup, const os::ReactorChoice& choice) {
  std::string text = fmt::format("the reactor is {}, {}", choice.name(), choice.why);
  checkup.add("reactor", choice.refused ? "warn" : "ok", text,
              choice.refused ? "unset BERTH_REACTOR, or allow io_uring (kernel.io_uring_disabled, "
                               "seccomp) on Linux 6.1 or later"
                             : "");
}

Deferred<void> check_disk(Checkup& checkup, Disk& disk, std::string folder) {
  auto free = co_await disk.free_bytes(folder).result();
  if (!free.ok()) {
    checkup.add("disk", "bad", free.error().text(), "make the folder readable");
    co_return;
  }
  std::string text =
      fmt::format("{} are free for {}", format_size(static_cast<std::int64_t>(*free)), folder);
  if (*free >= disk_wanted_bytes) {
    checkup.add("disk", "ok", text, "");
  } else {
    checkup.add("disk", *free < disk_wanted_bytes / 10 ? "bad" : "warn", text,
                "make room: without it no message and no deploy is accepted");
  }
}

void check_proxy(Checkup& checkup, std::int64_t pid, std::uint64_t restarts,
                 std::uint64_t dropped) {
  if (pid == 0) {
    checkup.add("proxy", "bad", "no proxy runs: nobody reaches a service by its name",
                "see .berth/proxy.out and .berth/proxy.log; it is started again by itself");
  } else {
    checkup.add("proxy", restarts == 0 ? "ok" : "warn",
                fmt::format("the proxy runs (process {}), started again {} times", pid, restarts),
                restarts == 0 ? "" : "see .berth/proxy.out for why it ended");
  }
  if (dropped > 0) {
    checkup.add("records", "warn",
                fmt::format("{} access records were dropped, the ring was full: so many requests "
                            "are not counted",
                            dropped),
                "the machine is too busy for `berth dev` to keep up");
  } else {
    checkup.add("records", "ok", "every request was counted", "");
  }
}

Deferred<void> check_dns(Checkup& checkup, World& world, Address address) {
  DnsMessage query{.id = 1};
  query.questions.push_back({DnsName::parse("berth").value(), DnsType::soa});
  auto socket = world.network.bind_datagram(Address::loopback(0));
  bool answered = false;
  if (socket.ok() && (*socket)->send(address, Bytes::copy(write_dns(query)))) {
    auto answer = co_await with_timeout(world.clock, dns_timeout, (*socket)->receive()).result();
    answered = answer.ok() && parse_dns(answer->bytes.view()).ok();
  }
  if (answered) {
    checkup.add("dns", "ok", "DNS answers at " + address.text(), "");
  } else {
    checkup.add("dns", "bad", "DNS does not answer at " + address.text(),
                "see .berth/proxy.log; another program may hold the port");
  }
}

}  // namespace berth::app
