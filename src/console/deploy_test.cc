#include "base/strings.h"
#include "console/console_suite.h"
#include "placement/controller.h"

namespace berth::console {
namespace {

using placement::InstanceRecord;
using placement::InstanceState;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

/// The console with the real controller, and an agent that runs what is assigned: an instance is
/// starting for 300 ms and then healthy, or unhealthy where its command is "broken".
struct DeployTest : ConsoleTest {
  placement::Controller controller{world, Log(), store, mirror, feed};
  std::map<std::string, MonotonicTime> started;

  void SetUp() override {
    ConsoleTest::SetUp();
    placement::HostRecord host;
    host.name = "laptop";
    host.cpu_millicores = 8000;
    host.memory_bytes = std::int64_t{8} << 30;
    ok(mirror.reached(good(store.commit(
        storage::Batch().put(placement::host_key("laptop"), placement::to_json(host).text())))));
    controller.start();
    start();
  }
  void TearDown() override {
    ok(controller.close());
    ConsoleTest::TearDown();
  }
  void write(const InstanceRecord& record) {
    good(store.commit(storage::Batch().put(placement::instance_key(record.service, record.number),
                                           placement::to_json(record).text())));
  }
  void act(const placement::Assignment& assignment) {
    const InstanceRecord* there = nullptr;
    if (auto all = mirror.state().instances.find(assignment.service);
        all != mirror.state().instances.end() && all->second.contains(assignment.number)) {
      there = &all->second.at(assignment.number);
    }
    std::string key = placement::instance_key(assignment.service, assignment.number);
    if (assignment.stop) {
      if (there) good(store.commit(storage::Batch().remove(key)));
      return;
    }
    auto service = mirror.state().services.find(assignment.service);
    if (service == mirror.state().services.end()) return;
    auto* version = service->second.version(assignment.version);
    bool fresh = !there || there->version != assignment.version ||
                 there->generation != assignment.generation;
    if (fresh) started[assignment.id()] = clock.now_;
    bool up = clock.now_ - started[assignment.id()] >= 300ms;
    bool broken = version && version->spec.run == "broken";
    InstanceState is = !up      ? InstanceState::starting
                       : broken ? InstanceState::unhealthy
                                : InstanceState::healthy;
    if (!fresh && there->state == is) return;
    InstanceRecord record = instance(assignment.service, assignment.number, is,
                                     up && broken ? "GET /health answered 500" : "");
    record.version = assignment.version;
    record.generation = assignment.generation;
    write(record);
  }
  /// Lets time go by while the agent does its work, until it holds.
  bool work(const std::function<bool()>& holds, Duration limit = 5min) {
    for (Duration spent = 0s; spent < limit && !holds(); spent += 50ms) {
      auto assignments = mirror.state().assignments;
      for (auto& [service, numbered] : assignments) {
        for (auto& [number, assignment] : numbered) act(assignment);
      }
      pass(50ms);
    }
    return holds();
  }
  static std::string toml(std::string services) {
    return "[system]\nname = \"shop\"\n" + std::move(services);
  }
  static std::string service_toml(const std::string& name, const std::string& command = "run",
                                  int instances = 2) {
    return "[service." + name + "]\ncommand = \"" + command +
           "\"\ninstances = " + std::to_string(instances) +
           "\nupdate = { healthy_for = \"1s\", deadline = \"10s\" }\n";
  }
  std::string body(const std::string& text, std::string more = "") {
    Json json = Json::object();
    json.set("folder", "/shop");
    json.set("environment", "dev");
    Json files = Json::object();
    files.set("berth.toml", text);
    json.set("files", std::move(files));
    if (!more.empty()) json.set("services", Json::parse(more).value());
    return json.text();
  }
  /// All lines of a deploy, read to the end of the stream while the agent works.
  std::vector<Json> deploy(const std::string& text, std::string only = "") {
    auto response = good(send("POST", "/v1/deploy", body(text, std::move(only)), with_token()));
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.headers().value("content-type"), "application/x-ndjson");
    std::string received;
    for (;;) {
      auto reading = response.read();
      EXPECT_TRUE(work([&] { return !reading.pending(); }));
      Bytes part = reading.take().value();
      if (part.empty()) break;
      received += part.view();
    }
    EXPECT_TRUE(received.ends_with('\n'));
    std::vector<Json> lines;
    for (auto line : split(received, '\n')) {
      if (!line.empty()) lines.push_back(Json::parse(line).value());
    }
    return lines;
  }
  static std::vector<std::string> texts(const std::vector<Json>& lines) {
    std::vector<std::string> out;
    for (auto& line : lines) {
      out.push_back(std::string(line["kind"].string_or("")) + " " +
                    std::string(line["instance"].string_or(line["service"].string_or(""))) + ": " +
                    std::string(line["text"].string_or("")));
    }
    return out;
  }
};

TEST_F(DeployTest, a_first_deploy_is_told_from_plan_to_end) {
  auto lines = deploy(toml(service_toml("orders") + service_toml("users")));
  EXPECT_EQ(lines.front()["kind"].string_or(""), "plan");
  ASSERT_EQ(lines.front()["changes"].items().size(), 2u);
  EXPECT_EQ(lines.front()["changes"].items()[0]["action"].string_or(""), "create");
  EXPECT_THAT(texts(lines), Contains("progress orders/1: starting"));
  EXPECT_THAT(texts(lines), Contains("progress users/2: healthy"));
  EXPECT_THAT(texts(lines), Contains(StartsWith("service orders: 2 of 2 healthy in ")));
  EXPECT_EQ(lines.back()["kind"].string_or(""), "end");
  EXPECT_EQ(lines.back()["ok"].boolean(), true);
  EXPECT_THAT(std::string(lines.back()["text"].string_or("")), StartsWith("all 2 healthy in "));
  std::size_t ends = 0;
  for (auto& line : lines) ends += line["kind"].string_or("") == "end" ? 1 : 0;
  EXPECT_EQ(ends, 1u);
  EXPECT_EQ(state()["sentence"]["text"].string_or(""), "all 2 services are healthy");
}

TEST_F(DeployTest, the_same_file_again_changes_nothing) {
  deploy(toml(service_toml("orders")));
  auto lines = deploy(toml(service_toml("orders")));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines.front()["changes"].text(), "[]");
  EXPECT_EQ(lines.back()["ok"].boolean(), true);
  EXPECT_EQ(lines.back()["text"].string_or(""), "nothing to change");
}

TEST_F(DeployTest, a_version_that_never_becomes_healthy_ends_with_its_return) {
  deploy(toml(service_toml("orders")));
  auto lines = deploy(toml(service_toml("orders", "broken")));
  EXPECT_EQ(lines.back()["ok"].boolean(), false);
  EXPECT_THAT(std::string(lines.back()["text"].string_or("")), StartsWith("orders went back: "));
  bool returned = false;
  for (auto& line : lines) returned |= line["result"].string_or("") == "returned";
  EXPECT_TRUE(returned);
  EXPECT_TRUE(work([&] {
    auto now = service_in(state(), "orders");
    return now["version"].integer() == 1 && now["health"].string_or("") == "healthy";
  }));
  auto rollouts = get("/v1/services/orders").json()["rollouts"];
  EXPECT_EQ(rollouts.items()[1]["result"].string_or(""), "returned");
}

TEST_F(DeployTest, a_first_version_that_never_becomes_healthy_ends_too) {
  auto lines = deploy(toml(service_toml("orders", "broken")));
  EXPECT_EQ(lines.back()["kind"].string_or(""), "end");
  EXPECT_EQ(lines.back()["ok"].boolean(), false);
}

TEST_F(DeployTest, a_service_whose_needs_are_never_met_ends_too) {
  auto lines = deploy(toml(service_toml("payments", "broken") + service_toml("orders") +
                           "needs = [\"payments\"]\n"));
  EXPECT_EQ(lines.back()["kind"].string_or(""), "end");
  EXPECT_EQ(lines.back()["ok"].boolean(), false);
  EXPECT_THAT(texts(lines), Contains(StartsWith("service orders: ")));
}

TEST_F(DeployTest, a_service_that_the_file_no_longer_names_is_removed) {
  deploy(toml(service_toml("orders") + service_toml("mail")));
  auto lines = deploy(toml(service_toml("orders")));
  EXPECT_EQ(lines.front()["changes"].items()[0]["action"].string_or(""), "remove");
  EXPECT_EQ(lines.back()["ok"].boolean(), true);
  EXPECT_THAT(std::string(lines.back()["text"].string_or("")), StartsWith("mail is removed"));
  EXPECT_EQ(get("/v1/services/mail").status, 404);
}

TEST_F(DeployTest, only_the_services_that_are_asked_for_change) {
  auto lines = deploy(toml(service_toml("orders") + service_toml("users")), R"(["users"])");
  ASSERT_EQ(lines.front()["changes"].items().size(), 1u);
  EXPECT_EQ(lines.front()["changes"].items()[0]["service"].string_or(""), "users");
  EXPECT_EQ(get("/v1/services/orders").status, 404);
  auto wrong = post("/v1/deploy", body(toml(service_toml("orders")), R"(["order"])"));
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(wrong.detail(), "the file has no service 'order'; did you mean 'orders'?");
}

TEST_F(DeployTest, a_wrong_file_is_422_with_every_problem_and_nothing_is_done) {
  std::string wrong = toml("[service.orders]\ncommand = \"run\"\ninstnces = 2\nport = \"many\"\n");
  pass(1s);  // the controller has written what it writes at first
  std::uint64_t before = mirror.state().revision;
  for (auto* target : {"/v1/plan", "/v1/deploy"}) {
    auto answer = post(target, body(wrong));
    EXPECT_EQ(answer.status, 422) << target;
    EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
    Json json = answer.json();
    ASSERT_EQ(json["problems"].items().size(), 2u) << answer.text;
    auto& first = json["problems"].items()[0];
    EXPECT_EQ(first["file"].string_or(""), "berth.toml");
    EXPECT_EQ(first["line"].integer(), 5);
    EXPECT_EQ(first["column"].integer(), 1);
    EXPECT_THAT(std::string(first["text"].string_or("")), HasSubstr("instnces"));
    EXPECT_EQ(first["nearest"].string_or(""), "instances");
    EXPECT_THAT(std::string(json["detail"].string_or("")), HasSubstr("berth.toml:5:1"));
    EXPECT_THAT(std::string(json["detail"].string_or("")), HasSubstr("(and 1 more)"));
  }
  EXPECT_EQ(mirror.state().revision, before);
}

TEST_F(DeployTest, a_body_that_is_no_request_is_400_and_another_system_409) {
  EXPECT_EQ(post("/v1/deploy", "{}").status, 400);
  EXPECT_EQ(post("/v1/deploy", R"({"folder":"shop","files":{"berth.toml":""}})").status, 400);
  EXPECT_EQ(post("/v1/deploy", R"({"folder":"/shop","files":{}})").status, 400);
  EXPECT_EQ(post("/v1/deploy", R"({"folder":"/shop","files":{"berth.toml":1}})").status, 400);
  auto other = post("/v1/deploy", body("[system]\nname = \"other\"\n" + service_toml("orders")));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.detail(), "the system that runs here is 'shop', the file describes 'other'");
}

TEST_F(DeployTest, a_plan_tells_what_a_deploy_would_change_and_changes_nothing) {
  deploy(toml(service_toml("orders")));
  std::uint64_t before = mirror.state().revision;
  auto answer = post("/v1/plan", body(toml(service_toml("orders", "run", 3))));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text, R"({"changes":[{"service":"orders","action":"change","version":1,)"
                         R"("fields":[{"key":"instances","from":"2","to":"3"}]}]})");
  EXPECT_EQ(mirror.state().revision, before);
}

TEST_F(DeployTest, who_goes_away_stops_nothing) {
  {
    auto response =
        good(send("POST", "/v1/deploy", body(toml(service_toml("orders"))), with_token()));
    good(response.read());
  }
  EXPECT_TRUE(work([&] {
    return service_in(state(), "orders")["health"].string_or("") == "healthy" &&
           get("/metrics").text.find("berth_api_deploys 0\n") != std::string::npos;
  }));
}

TEST_F(DeployTest, scale_restart_rollback_and_rm_do_what_they_say) {
  deploy(toml(service_toml("orders")));
  auto scaled = post("/v1/services/orders/scale", R"({"instances":3})");
  EXPECT_EQ(scaled.status, 202);
  EXPECT_EQ(scaled.json()["text"].string_or(""), "orders is to run 3 instances");
  EXPECT_GT(*scaled.json()["revision"].integer(), 0);
  EXPECT_TRUE(work([&] { return service_in(state(), "orders")["healthy"].integer() == 3; }));
  EXPECT_EQ(post("/v1/services/orders/rollback").status, 409);  // there is none before
  deploy(toml(service_toml("orders", "run2", 3)));
  EXPECT_EQ(service_in(state(), "orders")["version"].integer(), 2);
  auto back = post("/v1/services/orders/rollback", R"({"to":1})");
  EXPECT_EQ(back.status, 202);
  EXPECT_EQ(back.json()["text"].string_or(""), "orders goes back to version 1");
  EXPECT_TRUE(work([&] {
    Json now = service_in(state(), "orders");
    return now["version"].integer() == 1 && !now.find("rollout");
  }));
  std::int64_t rollouts =
      static_cast<std::int64_t>(get("/v1/services/orders").json()["rollouts"].items().size());
  EXPECT_EQ(post("/v1/services/orders/restart").status, 202);
  EXPECT_TRUE(work([&] {
    auto detail = get("/v1/services/orders").json();
    return static_cast<std::int64_t>(detail["rollouts"].items().size()) > rollouts &&
           !detail.find("rollout");
  }));
  EXPECT_EQ(post("/v1/services/orders/rollback", R"({"to":9})").status, 404);
  EXPECT_EQ(post("/v1/services/orders/rm").status, 202);
  EXPECT_TRUE(work([&] { return get("/v1/services/orders").status == 404; }));
}

}  // namespace
}  // namespace berth::console
