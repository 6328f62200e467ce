#include "placement/system_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"

namespace berth::placement {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const fs::path source = BERTH_SOURCE;
const fs::path golden = source / "tests/golden/system_file";

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

ReadSystem read(std::string text, std::string environment = "dev") {
  return read_system({"/home/me/shop", {{"berth.toml", std::move(text)}}, std::move(environment)});
}

std::vector<std::string> lines(const std::vector<Problem>& problems) {
  std::vector<std::string> out;
  for (const Problem& problem : problems) out.push_back(problem.line_text());
  return out;
}

/// The spec of a file that must be right.
SystemSpec good(std::string text, std::string environment = "dev") {
  ReadSystem system = read(std::move(text), std::move(environment));
  EXPECT_THAT(lines(system.problems), IsEmpty());
  return std::move(system.spec);
}

const std::string head = "[system]\nname = \"shop\"\n";

TEST(SystemFile, fills_in_every_default) {
  SystemSpec system = good(head + "[service.users]\ncommand = \"python3 app.py\"\n");
  EXPECT_EQ(system.name, "shop");
  EXPECT_EQ(system.environment, "dev");
  ASSERT_EQ(system.services.size(), 1u);
  ServiceSpec expected;
  expected.name = "users";
  expected.run = "python3 app.py";
  expected.folder = "/home/me/shop";
  EXPECT_TRUE(system.services[0] == expected) << to_json(system.services[0]).text();
}

TEST(SystemFile, reads_every_key) {
  SystemSpec system = good(head + R"(
[service.users]
build = "./users/../people/"
port = 8000
instances = 2
cpu = "200m"
memory = "128MiB"
health = { path = "/health", interval = "2s", timeout = "3s", grace = "4s", rise = 5, fall = 6 }
public = ["api/users/", "web"]
needs = ["payments", "payments"]
env = { LOG_LEVEL = "info", A = "" }
calls.timeout = "2s"
calls.connect_timeout = "3s"
calls.retries = 4
calls.queue_max = 5
calls.queue_timeout = "6s"
calls.in_flight_max = 7
calls.idempotency_for = "1h"
calls.mirror_to = "payments"
calls.mirror_share = "99.9%"
calls.balance = { way = "ring", key = "header:X-User", bound = 1.5, sticky_cookie = "stay", slow_start = "8s", zone_aware = true, subset_header = "X-Subset", subset_required = true, canary = "version=v4", canary_share = "0.1%" }
calls.eject = { failures = 9, share = "40%", requests_min = 10, latency = 3, interval = "11s", time = "12s", time_max = "13s", panic = "0%" }
calls.retry = { on = ["refused", "503"], methods = ["POST"], budget = "7.5%", backoff = "14ms", backoff_max = "15ms", try_timeout = "16ms" }
calls.limit = { in_flight = 17, adaptive = true, order = "lifo", per_second = 18.5, burst = 19, key_per_second = 20, key_burst = 21, key = "cookie:user" }
calls.breaker = { share = "50%", requests_min = 22, interval = "23s", open = "24s" }
calls.cache = { on = true, join = true, obey_requests = false, entries_max = 25, bytes_max = "26KiB", entry_bytes_max = "27KB", heuristic = "2.8%", heuristic_max = "29s", stale_while_revalidate = "30s", stale_if_error = "31s", join_timeout = "32s" }
calls.hedge = { after = "33ms", p95 = true }
on = { "order.created" = "/events/order-created" }
update = { parallel = 3, healthy_for = "5s", deadline = "6s", strategy = "rolling" }

[service.payments]
image = "registry.example:5000/payments:1.4"
health = { command = "pay --check" }

[service.worker]
command = "python3 worker.py"
port = false
)");
  ASSERT_EQ(system.services.size(), 3u);
  const ServiceSpec& payments = system.services[0];
  EXPECT_EQ(payments.source, ServiceSpec::Source::image);
  EXPECT_EQ(payments.run, "registry.example:5000/payments:1.4");
  EXPECT_EQ(payments.health.kind, HealthCheck::Kind::command);
  EXPECT_EQ(payments.health.target, "pay --check");
  ServiceSpec users;
  users.name = "users";
  users.source = ServiceSpec::Source::build;
  users.run = "/home/me/shop/people";
  users.folder = "/home/me/shop";
  users.port = 8000;
  users.instances = 2;
  users.cpu_millicores = 200;
  users.memory_bytes = 128 << 20;
  users.health = {HealthCheck::Kind::http, "/health", 2s, 3s, 4s, 5, 6};
  users.routes = {{"api", "/users"}, {"web", "/"}};
  users.needs = {"payments"};
  users.env = {{"LOG_LEVEL", "info"}, {"A", ""}};
  users.calls.timeout = 2s;
  users.calls.connect_timeout = 3s;
  users.calls.retries = 4;
  users.calls.queue_max = 5;
  users.calls.queue_timeout = 6s;
  users.calls.in_flight_max = 7;
  users.calls.idempotency_for = 1h;
  users.calls.mirror_to = "payments";
  users.calls.mirror_permille = 999;
  using catalog::RetryPolicy;
  users.calls.balance = {catalog::BalancePolicy::Way::ring,
                         "header:X-User",
                         1500,
                         "stay",
                         8s,
                         true,
                         "X-Subset",
                         true,
                         "version=v4",
                         1};
  users.calls.eject = {9, 400, 10, 3000, 11s, 12s, 13s, 0};
  users.calls.retry = {
      RetryPolicy::refused | RetryPolicy::status_503, {"POST"}, 75, 14ms, 15ms, 16ms};
  users.calls.limit = {17, true,         catalog::LimitPolicy::Order::lifo, 18.5, 19, 20,
                       21, "cookie:user"};
  users.calls.breaker = {500, 22, 23s, 24s};
  users.calls.cache = {true, true, false, 25, 26 << 10, 27'000, 28, 29s, 30s, 31s, 32s};
  users.calls.hedge = {33ms, true};
  users.on = {{"order.created", "/events/order-created"}};
  users.update = {3, 5s, 6s};
  EXPECT_TRUE(system.services[1] == users) << to_json(system.services[1]).text();
  const ServiceSpec& worker = system.services[2];
  EXPECT_FALSE(worker.has_port);
  EXPECT_EQ(worker.health.kind, HealthCheck::Kind::process);
}

TEST(SystemFile, only_declared_calls_names_the_callers_of_each_service) {
  SystemSpec system = good(R"([system]
name = "shop"
only_declared_calls = true
[service.orders]
command = "a"
needs = ["users"]
[service.users]
command = "b"
on = { "order.created" = "/x" }
)");
  EXPECT_TRUE(system.services[0].calls.only_declared);
  EXPECT_THAT(system.services[0].calls.callers, testing::ElementsAre("orders"));
  EXPECT_THAT(system.services[1].calls.callers, testing::ElementsAre("users", "bus", "orders"));
}

TEST(SystemFile, an_environment_lies_over_the_rest) {
  const std::string text = head + R"(
[service.users]
command = "python3 app.py"
env = { LOG_LEVEL = "debug", KEEP = "1" }
[environment.production]
service.users.image = "users:1.4"
service.users.instances = 6
service.users.env.LOG_LEVEL = "warning"
service.watch = { command = "watch", port = false }
)";
  SystemSpec dev = good(text);
  EXPECT_EQ(dev.services.size(), 1u);
  EXPECT_EQ(dev.services[0].run, "python3 app.py");
  SystemSpec production = good(text, "production");
  EXPECT_EQ(production.environment, "production");
  ASSERT_EQ(production.services.size(), 2u);
  EXPECT_EQ(production.services[0].source, ServiceSpec::Source::image);
  EXPECT_EQ(production.services[0].run, "users:1.4");
  EXPECT_EQ(production.services[0].instances, 6u);
  EXPECT_THAT(production.services[0].env,
              ElementsAre(Pair("LOG_LEVEL", "warning"), Pair("KEEP", "1")));
  EXPECT_THAT(lines(read(text, "prodution").problems),
              ElementsAre("berth.toml:1:1: there is no [environment.prodution]; did you mean "
                          "'production'?"));
}

TEST(SystemFile, several_files_are_one_system) {
  SystemFiles files{"/shop",
                    {{"berth.toml", "include = [\"./more/users.toml\"]\n" + head +
                                        "[service.web]\ncommand = \"a\"\nneeds = [\"users\"]\n"
                                        "[environment.production]\nservice.users.instances = 2\n"},
                     {"more/users.toml",
                      "[service.users]\ncommand = \"b\"\n"
                      "[environment.production]\nservice.users.instances = 9\n"
                      "service.users.cpu = 2\n"}},
                    "production"};
  EXPECT_THAT(included_files(files.texts["berth.toml"]), ElementsAre("more/users.toml"));
  ReadSystem system = read_system(files);
  EXPECT_THAT(lines(system.problems), IsEmpty());
  ASSERT_EQ(system.spec.services.size(), 2u);
  const ServiceSpec* users = system.spec.find("users");
  EXPECT_EQ(users->instances, 2u);  // the root file's word is the last
  EXPECT_EQ(users->cpu_millicores, 2000);
  EXPECT_EQ(users->folder, "/shop");
  EXPECT_THAT(included_files("include = ["), IsEmpty());
}

TEST(SystemFile, the_shops_files_have_no_problems) {
  for (const char* name : {"berth.toml", "berth-docker.toml"}) {
    ReadSystem system =
        read_system({"/shop", {{"berth.toml", contents(source / "examples/shop" / name)}}});
    EXPECT_THAT(lines(system.problems), IsEmpty()) << name;
    EXPECT_GE(system.spec.services.size(), 2u);
  }
}

TEST(SystemFile, problems_have_place_expectation_and_nearest_word) {
  ReadSystem system = read(head + "[service.orders]\ncommand = \"a\"\ninstnces = 2\nport = 0\n");
  ASSERT_EQ(system.problems.size(), 2u);
  const Problem& unknown = system.problems[0];
  EXPECT_EQ(unknown.file, "berth.toml");
  EXPECT_EQ(unknown.line, 5u);
  EXPECT_EQ(unknown.column, 1u);
  EXPECT_EQ(unknown.text, "unknown key 'instnces' in service.orders");
  EXPECT_THAT(unknown.expected, HasSubstr("one of build, calls, command, cpu"));
  EXPECT_EQ(unknown.nearest, "instances");
  EXPECT_EQ(unknown.line_text(),
            "berth.toml:5:1: unknown key 'instnces' in service.orders; did you mean 'instances'?");
  EXPECT_EQ(system.problems[1].expected, "an integer from 1 to 65535, or false");
}

TEST(SystemFile, limits_are_told) {
  std::string many = head;
  for (int i = 0; i < 201; ++i) many += "[service.s" + std::to_string(i) + "]\ncommand = \"a\"\n";
  EXPECT_THAT(lines(read(many).problems),
              ElementsAre(HasSubstr("the system has 201 services; at most 200 are placed")));
  std::string large =
      head + "[service.a]\ncommand = \"a\"\nenv = { A = \"" + std::string(70'000, 'x') + "\" }\n";
  EXPECT_THAT(lines(read(large).problems),
              ElementsAre(HasSubstr("the settings of service.a take")));
  std::string wrong = head;
  for (int i = 0; i < 80; ++i) wrong += "[service.s" + std::to_string(i) + "]\n";
  ReadSystem system = read(wrong);
  ASSERT_EQ(system.problems.size(), 51u);
  EXPECT_EQ(system.problems.back().text, "... and 30 more");
}

TEST(SystemFile, settings_say_where_they_come_from) {
  auto all = settings({"/shop",
                       {{"berth.toml", head + R"([service.users]
command = "a"
health = "/health"
env = { A = "b" }
on = { "order.created" = "/x" }
[service.mail]
command = "b"
health.interval = "3s"
update.parallel = 2
[environment.production]
service.users.instances = 6
)"}},
                       "production"});
  std::vector<std::string> lines;
  for (const Setting& s : all) lines.push_back(s.key + " = " + s.value + "  # " + s.source);
  using testing::Contains;
  EXPECT_THAT(lines, Contains("system.name = \"shop\"  # berth.toml:2"));
  EXPECT_THAT(lines, Contains("service.users.command = \"a\"  # berth.toml:4"));
  EXPECT_THAT(lines, Contains("service.users.instances = 6  # berth.toml:13"));
  EXPECT_THAT(lines, Contains("service.users.health.path = \"/health\"  # berth.toml:5"));
  EXPECT_THAT(lines, Contains("service.users.health.interval = \"1s\"  # default"));
  EXPECT_THAT(lines, Contains("service.users.env.A = \"b\"  # berth.toml:6"));
  EXPECT_THAT(lines, Contains("service.users.on.\"order.created\" = \"/x\"  # berth.toml:7"));
  EXPECT_THAT(lines, Contains("service.users.port = chosen by Berth, told in $PORT  # default"));
  EXPECT_THAT(lines, Contains("service.users.memory = none  # default"));
  EXPECT_THAT(lines, Contains("service.mail.health.interval = \"3s\"  # berth.toml:10"));
  EXPECT_THAT(lines, Contains("service.mail.update.parallel = 2  # berth.toml:11"));
  EXPECT_THAT(lines, Contains("service.mail.update.deadline = \"1m\"  # default"));
}

/// Stands in for what the gateway reads of a route.
void two_keys(TomlReader& table) {
  table.string("prefix");
  table.strings("methods");
  table.finish();
}

TEST(SystemFile, a_route_that_is_a_table_is_kept_as_it_is_written) {
  SystemFiles files{"/shop",
                    {{"berth.toml", head + R"([service.users]
command = "a"
public = ["web", { host = "api", prefix = "/users", methods = ["GET", "HEAD"] }]
[service.mail]
command = "b"
[service.mail.public]
host = "mail"
)"}},
                    "dev",
                    two_keys};
  ReadSystem system = read_system(files);
  ASSERT_TRUE(system.problems.empty()) << system.problems[0].line_text();
  auto& users = system.spec.find("users")->routes;
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].rules, "");
  EXPECT_EQ(users[1].label, "api");
  EXPECT_EQ(users[1].path, "/users");
  EXPECT_EQ(users[1].rules,
            "{ host = \"api\", prefix = \"/users\", methods = [\"GET\", \"HEAD\"] }");
  EXPECT_EQ(system.spec.find("mail")->routes.at(0).path, "/");
  auto again = service_spec_from_json(to_json(*system.spec.find("users")));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, *system.spec.find("users"));
  std::string shown;
  for (auto& setting : settings(files)) {
    if (setting.key.ends_with(".public")) shown += setting.key + " = " + setting.value + "\n";
  }
  EXPECT_EQ(shown,
            "service.mail.public = { host = \"mail\" }\n"
            "service.users.public = [\"web\", { host = \"api\", prefix = \"/users\", methods = "
            "[\"GET\", \"HEAD\"] }]\n");
  files.route_keys = nullptr;
  EXPECT_FALSE(read_system(files).problems.empty());
}

/// What is known in the table that `text` opens: the reader says it of a key that it does not know.
std::vector<std::string> known_keys(const std::string& text) {
  ReadSystem system = read(text + "no_such_key = 1\n");
  for (const Problem& problem : system.problems) {
    if (!problem.text.starts_with("unknown key 'no_such_key'")) continue;
    std::vector<std::string> keys;
    std::string list = problem.expected.substr(std::string("one of ").size());
    for (std::string_view key : split(list, ',')) keys.emplace_back(trim(key));
    return keys;
  }
  return {};
}

TEST(SystemFile, the_schema_has_the_keys_that_the_reader_knows) {
  auto schema = Json::parse(contents(source / "docs/formats/berth.schema.json"));
  ASSERT_TRUE(schema.ok()) << schema.error().text();
  auto keys_in = [](const Json& object) {
    std::vector<std::string> keys;
    for (const JsonMember& member : object["properties"].members()) keys.push_back(member.key);
    std::ranges::sort(keys);
    return keys;
  };
  const Json& parts = (*schema)["$defs"];
  EXPECT_EQ(keys_in(*schema), known_keys(""));
  EXPECT_EQ(keys_in(parts["system"]), known_keys("[system]\n"));
  EXPECT_EQ(keys_in(parts["service"]), known_keys("[service.a]\n"));
  EXPECT_EQ(keys_in(parts["health"]), known_keys("[service.a.health]\n"));
  EXPECT_EQ(keys_in(parts["calls"]), known_keys("[service.a.calls]\n"));
  for (const char* part : {"balance", "eject", "retry", "limit", "breaker", "cache", "hedge"})
    EXPECT_EQ(keys_in(parts[part]), known_keys("[service.a.calls." + std::string(part) + "]\n"));
  EXPECT_EQ(keys_in(parts["update"]), known_keys("[service.a.update]\n"));
  EXPECT_EQ(keys_in(parts["environment"]), known_keys("[environment.a]\n"));
  std::string page = contents(source / "docs/formats/berth-toml.md");
  for (const char* part : {"service", "health", "calls", "balance", "eject", "retry", "limit",
                           "breaker", "cache", "hedge", "update"})
    for (const std::string& key : keys_in(parts[part]))
      EXPECT_THAT(page, HasSubstr("`" + key)) << "berth-toml.md does not say what it is";
}

/// Every wrong file in tests/golden/system_file gives exactly the lines beside it. To write them
/// anew: BERTH_UPDATE_GOLDEN=1.
TEST(SystemFile, wrong_files_are_told_as_in_the_golden_files) {
  std::map<std::string, std::string> included;
  for (const auto& entry : fs::directory_iterator(golden / "included"))
    included["included/" + entry.path().filename().string()] = contents(entry.path());
  int count = 0;
  for (const auto& entry : fs::directory_iterator(golden)) {
    if (entry.path().extension() != ".toml") continue;
    SystemFiles files{"/home/me/shop", included, "dev", two_keys};
    files.texts["berth.toml"] = contents(entry.path());
    ReadSystem system = read_system(files);
    EXPECT_FALSE(system.problems.empty()) << entry.path();
    std::string found;
    for (const Problem& problem : system.problems) {
      found += problem.line_text() + "\n";
      if (!problem.expected.empty()) found += "    expected: " + problem.expected + "\n";
    }
    fs::path expected = entry.path();
    expected.replace_extension(".txt");
    if (std::getenv("BERTH_UPDATE_GOLDEN")) std::ofstream(expected) << found;
    EXPECT_EQ(found, contents(expected)) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 15);
}

}  // namespace
}  // namespace berth::placement
