#include <fmt/format.h>

#include "app/checkup.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/version.h"
#include "app/words.h"
#include "os/disk.h"
#include "os/host.h"
#include "os/workers.h"

// berth doctor: what may be in the way, a sentence each, with what to do. A running berth dev knows
// the most; where none runs, what it will need is looked at from here.

namespace berth::app {
namespace {

constexpr Duration docker_timeout = 3s;

Deferred<void> check_docker(Session& session, Checkup& checkup) {
  http::Client client(session.reactor, session.network);
  auto answer =
      co_await client.get(Address::unix_path("/var/run/docker.sock"), "/_ping", docker_timeout)
          .result();
  if (answer.ok() && answer->good()) co_return checkup.add("docker", "ok", "Docker answers", "");
  std::string why = answer.ok() ? "it answers " + std::to_string(answer->status())
                                : std::string(answer.error().message());
  checkup.add("docker", "warn", "Docker cannot be reached: " + why,
              "only services with image or build need it: start docker, or join its group");
}

void check_ports(os::Network& network, Checkup& checkup) {
  std::string taken;
  for (int port : {7400, 8080, 8600, 5555, 5514}) {
    if (network.listen(Address::loopback(static_cast<std::uint16_t>(port))).ok()) continue;
    taken += (taken.empty() ? "" : ", ") + std::to_string(port);
  }
  if (taken.empty()) return checkup.add("ports", "ok", "the default ports are free", "");
  checkup.add("ports", "warn", "in use already: " + taken,
              "berth dev takes the next free ones and shows them");
}

/// True if it answers.
Deferred<bool> add_server_checks(Session& session, Checkup& checkup) {
  auto api = session.api();
  if (!api.ok()) {
    checkup.add("berth", "warn", api.error().text(), "start it with: berth dev");
    co_return false;
  }
  auto found = co_await (*api)->get("/v1/doctor").result();
  auto& place = (*api)->place();
  if (!found.ok() && exit_code_of(found.error()) == exit_unreachable) {
    checkup.add("berth", "bad", found.error().text(),
                "start it again with: berth dev (instances live on)");
    co_return false;
  }
  std::string text = fmt::format("berth dev of {} answers at {} (process {})", place.system,
                                 place.address.text(), place.pid);
  checkup.add("berth", "ok", text, "");
  bool same = place.version == version();
  checkup.add("version", same ? "ok" : "warn",
              same ? fmt::format("both are version {}", version())
                   : fmt::format("this is {}, berth dev is {}", version(), place.version),
              same ? "" : "end berth dev and start it again (instances live on)");
  if (found.ok()) {
    for (auto& check : (*found)["checks"].items()) checkup.add(check);
  } else {
    checkup.add("doctor", "bad", found.error().text(), "see STATE/berth.log");
  }
  co_return true;
}

std::string mark_of(const std::string& level, const Style& style) {
  return style.level(level, level == "ok" ? "ok  " : level == "bad" ? "bad " : "warn");
}

}  // namespace

Deferred<int> run(Session& session, DoctorArguments) {
  Checkup checkup;
  bool answers = co_await add_server_checks(session, checkup);
  if (!answers) {
    co_await check_docker(session, checkup);
    check_descriptors(checkup);
    check_reactor(checkup, session.reactor.choice());
    os::Workers workers(1);
    os::Disk disk(workers);
    const std::string& folder = session.common.folder;
    std::string path = os::absolute_path(folder.empty() ? "." : folder);
    co_await check_disk(checkup, disk, std::move(path));
    check_ports(session.network, checkup);
  }
  const Output& output = session.output;
  bool bad = false;
  for (auto& check : checkup.checks().items()) bad = bad || check["level"].string_or("") == "bad";
  if (output.json) output.line(checkup.json().text());
  for (auto& check : checkup.checks().items()) {
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
