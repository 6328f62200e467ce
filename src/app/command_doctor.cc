#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/version.h"
#include "app/words.h"
#include "base/units.h"
#include "os/disk.h"
#include "os/host.h"
#include "os/workers.h"

// berth doctor: what may be in the way, a sentence each, with what to do. A running berth dev knows
// the most; where none runs, what it will need is looked at from here.

namespace berth::app {
namespace {

constexpr std::uint64_t descriptors_wanted = 4096;
constexpr std::uint64_t disk_wanted_bytes = std::uint64_t{1} << 30;
constexpr Duration docker_timeout = 3s;

Json check_of(std::string name, std::string level, std::string text, std::string remedy = "") {
  Json check = Json::object();
  check.set("name", std::move(name));
  check.set("level", std::move(level));
  check.set("text", std::move(text));
  check.set("remedy", std::move(remedy));
  return check;
}

Deferred<Json> docker_check(Session& session) {
  http::Client client(session.reactor, session.network);
  auto answer =
      co_await client.get(Address::unix_path("/var/run/docker.sock"), "/_ping", docker_timeout)
          .result();
  if (answer.ok() && answer->good()) co_return check_of("docker", "ok", "Docker answers");
  std::string why = answer.ok() ? "it answers " + std::to_string(answer->status())
                                : std::string(answer.error().message());
  co_return check_of("docker", "warn", "Docker cannot be reached: " + why,
                     "only services with image or build need it: start docker, or join its group");
}

Json descriptors_check() {
  std::uint64_t limit = os::raise_descriptor_limit();
  std::string text = fmt::format("{} descriptors may be open at once", limit);
  if (limit >= descriptors_wanted) return check_of("descriptors", "ok", text);
  return check_of("descriptors", "warn", text,
                  fmt::format("raise the hard limit: ulimit -Hn {}", descriptors_wanted));
}

Deferred<Json> disk_check(std::string folder) {
  os::Workers workers(1);
  os::Disk disk(workers);
  auto free = co_await disk.free_bytes(folder).result();
  if (!free.ok()) {
    co_return check_of("disk", "bad", free.error().text(), "make the folder readable");
  }
  std::string text =
      fmt::format("{} are free for {}", format_size(static_cast<std::int64_t>(*free)), folder);
  if (*free >= disk_wanted_bytes) co_return check_of("disk", "ok", text);
  co_return check_of("disk", *free < disk_wanted_bytes / 10 ? "bad" : "warn", text,
                     "make room: without it no message and no deploy is accepted");
}

Json ports_check(os::Network& network) {
  std::string taken;
  for (int port : {7400, 8080, 8600, 5555}) {
    if (network.listen(Address::loopback(static_cast<std::uint16_t>(port))).ok()) continue;
    taken += (taken.empty() ? "" : ", ") + std::to_string(port);
  }
  if (taken.empty()) return check_of("ports", "ok", "the default ports are free");
  return check_of("ports", "warn", "in use already: " + taken,
                  "berth dev takes the next free ones and shows them");
}

/// True if it answers.
Deferred<bool> add_server_checks(Session& session, Json& checks) {
  auto api = session.api();
  if (!api.ok()) {
    checks.add(check_of("berth", "warn", api.error().text(), "start it with: berth dev"));
    co_return false;
  }
  auto found = co_await (*api)->get("/v1/doctor").result();
  auto& place = (*api)->place();
  if (!found.ok() && exit_code_of(found.error()) == exit_unreachable) {
    checks.add(check_of("berth", "bad", found.error().text(),
                        "start it again with: berth dev (instances live on)"));
    co_return false;
  }
  std::string text = fmt::format("berth dev of {} answers at {} (process {})", place.system,
                                 place.address.text(), place.pid);
  checks.add(check_of("berth", "ok", text));
  bool same = place.version == version();
  checks.add(check_of("version", same ? "ok" : "warn",
                      same ? fmt::format("both are version {}", version())
                           : fmt::format("this is {}, berth dev is {}", version(), place.version),
                      same ? "" : "end berth dev and start it again (instances live on)"));
  if (found.ok()) {
    for (auto& check : (*found)["checks"].items()) checks.add(check);
  } else {
    checks.add(check_of("doctor", "bad", found.error().text(), "see STATE/berth.log"));
  }
  co_return true;
}

std::string mark_of(const std::string& level, const Style& style) {
  return style.level(level, level == "ok" ? "ok  " : level == "bad" ? "bad " : "warn");
}

}  // namespace

Deferred<int> run(Session& session, DoctorArguments) {
  Json checks = Json::array();
  bool answers = co_await add_server_checks(session, checks);
  if (!answers) {
    checks.add(co_await docker_check(session));
    checks.add(descriptors_check());
    checks.add(co_await disk_check(
        os::absolute_path(session.common.folder.empty() ? "." : session.common.folder)));
    checks.add(ports_check(session.network));
  }
  const Output& output = session.output;
  bool bad = false;
  for (auto& check : checks.items()) bad = bad || check["level"].string_or("") == "bad";
  if (output.json) {
    Json json = Json::object();
    json.set("checks", checks);
    output.line(json.text());
  }
  for (auto& check : checks.items()) {
    if (output.json) break;
    std::string level = text_of(check["level"]);
    output.line(fmt::format("{}  {:<12} {}", mark_of(level, output.style), text_of(check["name"]),
                            text_of(check["text"])));
    std::string remedy = text_of(check["remedy"]);
    if (level != "ok" && !remedy.empty()) output.line("                   -> " + remedy);
  }
  co_return !answers ? exit_unreachable : bad ? exit_failed : exit_done;
}

}  // namespace berth::app
