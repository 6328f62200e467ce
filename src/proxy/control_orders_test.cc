#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "http/client.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "proxy/control_site.h"
#include "sim/simulation.h"

namespace berth::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// An operator at the control site of a proxy alone, whose two backends tell their port, may be
/// slow, and let their answers be kept.
struct OrdersTest : ::testing::Test {
  sim::Simulation simulation{23};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::vector<std::unique_ptr<http::Server>> servers;
  int requests = 0;
  http::Client client{outside.clock, outside.network};
  Alone alone{middle.world(), Log()};
  ControlSite site{middle.world(), Log(), alone};

  OrdersTest() {
    for (std::uint16_t port : {9001, 9002}) {
      servers.push_back(
          std::make_unique<http::Server>(inside.clock, [this, port](http::ServerRequest& request) {
            return answer(std::to_string(port), request);
          }));
      servers.back()->serve(inside.network.listen(inside.address(port)).value());
    }
    EXPECT_TRUE(site.set({}, middle.address(8405)).ok());
  }
  Deferred<http::ServerResponse> answer(std::string port, http::ServerRequest& request) {
    ++requests;
    auto path = std::string(request.head.path());
    if (path == "/slow") co_await inside.clock.after(2s);
    auto response = http::ServerResponse::text(port, path == "/fail" ? 500 : 200);
    if (path.starts_with("/kept")) {
      response.headers.emplace_back("cache-control", "max-age=60");
      response.headers.emplace_back("cache-tag", "all, " + path.substr(1));
    }
    co_return response;
  }
  void apply(const std::string& more) {
    auto file = gateway::read_proxy_file(
        "[listener.web]\nlisten = \"tcp:10.0.0.2:80\"\n[listener.too]\nlisten = "
        "\"tcp:10.0.0.2:81\"\n"
        "[service.a]\ninstances = [\"10.0.0.3:9001\", \"10.0.0.3:9002\"]\n" +
            more + "\n[route.all]\nservice = \"a\"\n",
        "proxy.toml", "", [](const std::string&) { return Error(Code::not_found, "none"); });
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE(alone.apply(std::move(*file)).ok());
    simulation.run_for(1ms);
  }
  std::string get(std::string target = "/", std::uint16_t port = 80,
                  std::vector<std::pair<std::string, std::string>> fields = {}) {
    http::Request request;
    request.target = std::move(target);
    request.headers = std::move(fields);
    request.host = "shop";
    auto answer = simulation.run(client.send(middle.address(port), std::move(request)));
    return answer.ok() ? simulation.run(answer->text()).value() : answer.error().text();
  }
  std::pair<int, Json> tell(const std::string& method, const std::string& target) {
    http::Request request;
    request.method = method;
    request.target = target;
    auto answer = simulation.run(client.send(middle.address(8405), std::move(request))).value();
    return {answer.status(), simulation.run(answer.json()).value_or(Json())};
  }
  int of(const std::string& body, int times) {
    int count = 0;
    for (int i = 0; i < times; ++i) count += get() == body ? 1 : 0;
    return count;
  }
};

TEST_F(OrdersTest, a_weight_changes_the_share_and_stays_through_a_change_of_the_file) {
  apply("balance = { way = \"weighted\" }");
  EXPECT_EQ(of("9001", 40), 20);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/weight?weight=3").second["weight"].integer(), 3);
  EXPECT_EQ(of("9001", 40), 30);
  apply("balance = { way = \"weighted\" }\ntimeout = \"9s\"");
  EXPECT_EQ(of("9001", 40), 30);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/weight?weight=0").first, 200);
  EXPECT_EQ(of("9001", 10), 0);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/weight?weight=many").first, 400);
  EXPECT_EQ(tell("POST", "/v1/instances/a/7/weight?weight=1").first, 404);
}

/// The columns of HAProxy's `show stat`, by their names.
std::map<std::string, std::string> csv_row(const std::string& csv, const std::string& begins) {
  std::vector<std::string> lines;
  for (auto line : split(csv, '\n')) lines.emplace_back(line);
  EXPECT_TRUE(lines.at(0).starts_with("# pxname,svname,qcur,qmax,scur,"));
  std::map<std::string, std::string> out;
  auto names = split(std::string_view(lines.at(0)).substr(2), ',');
  for (auto& line : lines) {
    if (!line.starts_with(begins)) continue;
    auto values = split(std::string_view(line), ',');
    EXPECT_EQ(values.size(), names.size()) << line;
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
      out[std::string(names[i])] = std::string(values[i]);
    }
  }
  return out;
}

TEST_F(OrdersTest, statistics_are_those_of_haproxy_as_text_and_the_same_as_json) {
  apply("cache = { on = true }");
  for (int i = 0; i < 7; ++i) get();
  get("/fail");
  get("/kept/1");
  get("/kept/1");
  tell("POST", "/v1/instances/a/2/drain");
  http::Request request;
  request.target = "/stats;csv";
  auto answer = simulation.run(client.send(middle.address(8405), std::move(request))).value();
  std::string csv = simulation.run(answer.text()).value();
  auto front = csv_row(csv, "web,FRONTEND,");
  EXPECT_EQ(front["req_tot"], "10");
  EXPECT_EQ(front["hrsp_2xx"], "9");
  EXPECT_EQ(front["hrsp_5xx"], "1");
  EXPECT_EQ(front["scur"], "1");
  EXPECT_EQ(front["status"], "OPEN");
  EXPECT_EQ(front["type"], "0");
  auto back = csv_row(csv, "a,BACKEND,");
  EXPECT_EQ(back["act"], "1");
  EXPECT_EQ(back["cache_hits"], "1");
  EXPECT_EQ(back["type"], "1");
  auto first = csv_row(csv, "a,a/1,");
  auto second = csv_row(csv, "a,a/2,");
  EXPECT_EQ(first["status"], "UP");
  EXPECT_EQ(second["status"], "DRAIN");
  EXPECT_EQ(second["last_chk"], "drained by hand");
  EXPECT_EQ(first["addr"], "10.0.0.3:9001");
  EXPECT_EQ(std::stoi(first["req_tot"]) + std::stoi(second["req_tot"]), 9);
  auto [status, json] = tell("GET", "/v1/stats");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(json["listeners"].items().size(), 2U);
  auto& service = json["services"].items().at(0);
  EXPECT_EQ(service["name"].string_or(""), "a");
  EXPECT_EQ(service["requests"].integer(), 10);
  EXPECT_EQ(service["in_rotation"].integer(), 1);
  EXPECT_EQ(service["responses"].items().at(4).integer(), 1);
  EXPECT_EQ(service["instances"].items().at(1)["status"].string_or(""), "DRAIN");
}

TEST_F(OrdersTest, an_ejected_instance_comes_back_by_itself) {
  apply("");
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/eject?for=10s").second["for"].string_or(""), "10s");
  EXPECT_EQ(of("9001", 20), 0);
  auto state = tell("GET", "/v1/state").second;
  auto& first = state["services"].items().at(0)["instances"].items().at(0);
  EXPECT_EQ(first["resting"].boolean(), true);
  EXPECT_THAT(std::string(first["why"].string_or("")), HasSubstr("ejected by hand; back in"));
  simulation.run_for(11s);
  EXPECT_GT(of("9001", 20), 0);
  EXPECT_EQ(tell("POST", "/v1/instances/a/7/eject").first, 404);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/eject?for=90d").first, 400);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/disable").first, 200);
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/eject").first, 409);
}

TEST_F(OrdersTest, what_is_kept_is_purged_by_tag_target_and_service) {
  apply("cache = { on = true }");
  auto fill = [&] {
    for (const char* each : {"/kept1", "/kept2", "/kept3"}) get(each);
  };
  auto purged = [&](const std::string& query) {
    return tell("POST", "/v1/cache/purge" + query).second["purged"].integer();
  };
  fill();
  fill();
  EXPECT_EQ(requests, 3);
  EXPECT_EQ(purged("?tag=kept2"), 1);
  EXPECT_EQ(purged("?tag=nothing"), 0);
  fill();
  EXPECT_EQ(requests, 4);
  EXPECT_EQ(purged("?target=/kept1"), 1);
  EXPECT_EQ(purged("?target=/kept*&tag=all&service=a"), 2);
  fill();
  EXPECT_EQ(purged(""), 3);
  EXPECT_EQ(tell("POST", "/v1/cache/purge?service=b").first, 404);
  auto cache = tell("GET", "/v1/state").second["services"].items().at(0)["cache"];
  EXPECT_EQ(cache["entries"].integer(), 0);
  EXPECT_GT(cache["hits"].integer().value_or(0), 3);
}

TEST_F(OrdersTest, routes_and_schemes_have_answers_of_their_own) {
  apply(
      "cache = { on = true }\n[route.beta]\nservice = \"a\"\nheaders = { X-Beta = \"1\" }\n"
      "response_headers = { set = { X-Route = \"beta\" } }");
  get("/kept");
  get("/kept", 81);
  EXPECT_EQ(requests, 1) << "one route, two listeners";
  get("/kept", 80, {{"X-Beta", "1"}});
  EXPECT_EQ(requests, 2);
  get("/kept", 80, {{"X-Beta", "1"}});
  EXPECT_EQ(requests, 2);
}

TEST_F(OrdersTest, answers_behind_authentication_are_not_for_all) {
  apply(
      "cache = { on = true }\n[auth.staff]\nusers = { ann = \"a\" }\n[route.closed]\n"
      "prefix = \"/kept\"\nservice = \"a\"\nauth = \"staff\"");
  for (int i = 0; i < 2; ++i) get("/kept", 80, {{"Authorization", "Basic YW5uOmE="}});
  EXPECT_EQ(requests, 2);
  EXPECT_THAT(get("/kept"), HasSubstr("401"));
}

TEST_F(OrdersTest, the_slowest_and_the_failed_requests_are_shown_without_secrets) {
  apply(
      "[auth.partner]\nkeys = { acme = \"k-1\" }\nheader = \"X-Partner\"\nparameter = \"who\"\n"
      "[route.closed]\nprefix = \"/slow\"\nservice = \"a\"\nauth = \"partner\"");
  for (int i = 0; i < 20; ++i) get("/fast");
  get("/slow?who=k-1&a=b", 80, {{"X-Partner", "k-1"}, {"Cookie", "user=ann"}, {"X-A", "1"}});
  get("/fail");
  auto minute = tell("GET", "/v1/slow").second["minutes"].items().at(0);
  EXPECT_EQ(minute["requests"].integer(), 22);
  EXPECT_EQ(minute["failures"].integer(), 1);
  auto& slowest = minute["slowest"].items().at(0);
  EXPECT_EQ(slowest["target"].string_or(""), "/slow?who=(left out)&a=b");
  EXPECT_GE(slowest["ms"]["response"].number().value_or(0), 2000);
  EXPECT_EQ(slowest["status"].integer(), 200);
  std::string asked = slowest["asked"].text();
  EXPECT_THAT(asked, HasSubstr("X-A: 1"));
  EXPECT_THAT(asked, HasSubstr("X-Partner: (left out)"));
  EXPECT_THAT(asked, Not(HasSubstr("ann")));
  EXPECT_THAT(slowest["answered"].text(), HasSubstr("content-type: text/plain"));
  EXPECT_EQ(minute["failed"].items().at(0)["target"].string_or(""), "/fail");
  EXPECT_EQ(minute["slowest"].items().size(), Remarkable::slowest_max);
}

}  // namespace
}  // namespace berth::proxy
