#include "observe/log_intake.h"

#include <gtest/gtest.h>

#include "http/access_record.h"
#include "sim/simulation.h"

namespace berth::observe {
namespace {

struct LogIntakeTest : testing::Test {
  sim::Simulation simulation{5};
  sim::Host& host = simulation.add_host("here");
  SampleStore store{host.world(), Log(), {.folder = "/samples"}};
  std::unique_ptr<Observer> observer;
  std::unique_ptr<LogIntake> intake;

  LogIntakeTest() {
    EXPECT_TRUE(simulation.run(store.open()).ok());
    observer = std::make_unique<Observer>(host.world(), store, Log());
    observer->start();
    intake = std::make_unique<LogIntake>(*observer);
  }
  ~LogIntakeTest() override {
    observer->stop();
    observer.reset();
    EXPECT_TRUE(simulation.run(store.close()).ok());
  }

  void line(std::string_view text) {
    WallTime now = host.clock.wall();
    intake->note({read_syslog(text, {TimeZone(), now}), now, "10.0.0.7", false});
  }
  double sum(std::string name, std::vector<std::pair<std::string, std::string>> labels) {
    std::int64_t to = observer->counted_until();
    auto series = observer->series().recent({{name}, "", to - 10, to});
    auto answers = series.query({name, std::move(labels), {}, Fold::value, to - 10, to, 10});
    double sum = 0;
    for (auto& answer : answers.value()) sum += answer.points.front();
    return sum;
  }
};

http::AccessRecord record() {
  http::AccessRecord out;
  out.accepted = 1'700'000'000'000'000'000;
  out.request = out.waiting = 0;
  out.connecting = 1'000'000;
  out.response = 29'000'000;
  out.total = 30'000'000;
  out.bytes_out = 512;
  out.client_ip = 0x7f000001;
  out.status = 200;
  out.frontend = out.backend = "users";
  out.server = "users/1";
  out.method = "GET";
  out.target = "/users/7";
  return out;
}

TEST_F(LogIntakeTest, a_haproxy_line_counts_as_the_request_that_it_tells_of) {
  http::AccessRecord one = record();
  for (int i = 0; i < 3; ++i) {
    std::string message = "<134>";
    http::append_haproxy_syslog_head(message, one);
    line(message + http::haproxy_line(one));
  }
  one.status = 503;
  one.server = "";
  line("<134>Nov 24 12:00:00 web-1 haproxy[7]: " + http::haproxy_line(one));
  simulation.run_for(2s);
  EXPECT_EQ(intake->requests(), 4U);
  EXPECT_EQ(sum("requests", {{"service", "users"}, {"status", "200"}}), 3);
  EXPECT_EQ(sum("requests", {{"service", "users"}, {"status", "503"}}), 1);
  EXPECT_EQ(sum("path_requests", {{"path", "/users/:id"}}), 4);
  EXPECT_EQ(sum("bytes_out", {{"service", "users"}}), 4 * 512);
  EXPECT_EQ(observer->sums().at("users"), (Observer::Sums{{200, 3}, {503, 1}}));
  EXPECT_EQ(observer->slowest("users").front().took, Duration(30ms));
}

TEST_F(LogIntakeTest, other_lines_count_by_program_and_severity) {
  line("<11>Nov 24 12:00:00 web sshd[7]: failed");
  line("<14>Nov 24 12:00:00 web sshd[7]: fine");
  line("<12>Nov 24 12:00:00 web cron: late");
  line("no syslog at all");
  simulation.run_for(2s);
  EXPECT_EQ(intake->lines(), 4U);
  EXPECT_EQ(sum("log_lines", {{"service", "sshd"}, {"level", "error"}}), 1);
  EXPECT_EQ(sum("log_lines", {{"service", "sshd"}, {"level", "info"}}), 1);
  EXPECT_EQ(sum("log_lines", {{"service", "cron"}, {"level", "warning"}}), 1);
  EXPECT_EQ(sum("log_lines", {{"service", "unknown"}}), 1);
}

TEST_F(LogIntakeTest, names_that_senders_choose_do_not_grow_without_bound) {
  for (std::size_t i = 0; i < LogIntake::services_max + 50; ++i) {
    line("<14>app" + std::to_string(i) + ": x");
  }
  simulation.run_for(2s);
  EXPECT_EQ(sum("log_lines", {{"service", "other"}}), 50);
  EXPECT_EQ(sum("log_lines", {{"service", "app0"}}), 1);
}

}  // namespace
}  // namespace berth::observe
