#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <thread>

#include "bus/bus_fixture_suite.h"

namespace berth::bus {
namespace {

BusOptions options_in(const std::string& folder) {
  return {.folder = folder, .log_bytes_max = 4 << 20, .state_interval = 10ms};
}

Deferred<void> publish_on_and_on(Bus& bus, int to, std::uint32_t number) {
  for (;;) {
    Published published =
        co_await bus.publish("order.created", "text/plain", std::to_string(number));
    // Told only now, as to a publisher: a write below PIPE_BUF is whole.
    std::string line = published.id + "\n";
    if (::write(to, line.data(), line.size()) < 0) ::_exit(1);
  }
}

/// The process that is killed: sixteen publish until then, to a subscriber that lives elsewhere.
[[noreturn]] void child(const std::string& folder, const Address& subscriber, int to) {
  RealWorld real;
  Bus bus(real.world, Log(), options_in(folder), [&](const std::string&) { return subscriber; },
          {});
  if (!real.run(bus.open()).ok()) ::_exit(2);
  Scope scope;
  for (std::uint32_t i = 0; i < 16; i++) scope.add(publish_on_and_on(bus, to, i));
  real.reactor.run();
  ::_exit(0);
}

/// Reads whole lines until `count` came.
void read_lines(int from, std::size_t count, std::set<std::string>& into) {
  std::string text;
  char buffer[4096];
  while (count > 0) {
    ssize_t size = ::read(from, buffer, sizeof buffer);
    ASSERT_GT(size, 0) << "the child ended by itself";
    text.append(buffer, static_cast<std::size_t>(size));
    std::size_t end;
    while ((end = text.find('\n')) != text.npos) {
      into.insert(text.substr(0, end));
      text.erase(0, end + 1);
      if (count > 0) count--;
    }
  }
}

TEST(BusKill, nothing_acknowledged_is_lost_by_kill_9) {
  TemporaryFolder folder;
  std::string bus_folder = folder.path + "/bus";
  std::set<std::string> acknowledged;
  {
    RealWorld real;
    Bus bus(real.world, Log(), options_in(bus_folder), [](const std::string&) { return Address(); },
            {});
    ASSERT_TRUE(real.run(bus.open()).ok());
    ASSERT_TRUE(real.run(bus.set_subscriptions({{"order.created", "mail", "/events"}})).ok());
    ASSERT_TRUE(real.run(bus.close()).ok());
  }
  for (int round = 0; round < 4; round++) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(ends[0]);
      child(bus_folder, Address(), ends[1]);
    }
    ::close(ends[1]);
    read_lines(ends[0], 300, acknowledged);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::close(ends[0]);
  }
  RealWorld real;
  Subscriber mail(real);
  Bus bus(real.world, Log(), options_in(bus_folder),
          [&](const std::string&) { return mail.address; }, {});
  auto opened = real.run(bus.open());
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  ASSERT_TRUE(real.until([&] { return bus.topics().at(0).subscriptions.at(0).backlog == 0; }));
  std::set<std::string> arrived;
  for (auto& one : mail.arrived) arrived.insert(one.message);
  EXPECT_GE(acknowledged.size(), 1200u);
  for (auto& id : acknowledged) EXPECT_TRUE(arrived.contains(id)) << id;
  EXPECT_EQ(bus.topics().at(0).published, arrived.size());
}

}  // namespace
}  // namespace berth::bus
