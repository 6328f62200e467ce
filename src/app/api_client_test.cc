#include "app/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "app/exit_code.h"
#include "app/plain_screen.h"
#include "http/server.h"
#include "os/network.h"
#include "os/reactor.h"

namespace berth::app {
namespace {

using testing::HasSubstr;

std::vector<ServerEvent> events_in(std::string_view text, std::size_t piece) {
  EventParser parser;
  std::vector<ServerEvent> out;
  while (!text.empty()) {
    EXPECT_TRUE(parser.feed(text.substr(0, piece)).ok());
    text.remove_prefix(std::min(piece, text.size()));
    while (auto event = parser.next()) out.push_back(std::move(*event));
  }
  return out;
}

TEST(EventParser, reads_the_same_events_however_they_are_cut) {
  std::string text =
      "retry: 1000\n\n: a comment\nevent: state\ndata: {\"a\":1}\n\ndata:one\r\ndata: two\r\n\r\n"
      "event: nothing\n\nid: 7\nevent:\ndata\n\nevent: unfinished\ndata: x\n";
  std::vector<ServerEvent> wanted{{"state", "{\"a\":1}"}, {"message", "one\ntwo"}, {"message", ""}};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(events_in(text, piece), wanted) << "in pieces of " << piece;
  }
}

TEST(EventParser, refuses_a_line_and_an_event_without_end) {
  EventParser lines;
  EXPECT_TRUE(lines.feed(std::string(LineSplitter::line_bytes_max, 'x')).ok());
  EXPECT_TRUE(lines.feed("x").error().is(Code::overloaded));
  EventParser events;
  std::string line = "data: " + std::string(EventParser::data_bytes_max / 2 + 1, 'x') + "\n";
  EXPECT_TRUE(events.feed(line).ok());
  EXPECT_TRUE(events.feed(line).error().is(Code::overloaded));
}

TEST(LineSplitter, gives_the_rest_at_the_end) {
  LineSplitter lines;
  ASSERT_TRUE(lines.feed("a\r\nb").ok());
  EXPECT_EQ(lines.next(), "a");
  EXPECT_EQ(lines.next(), std::nullopt);
  lines.finish();
  EXPECT_EQ(lines.next(), "b");
}

struct Folder {
  std::string path =
      std::filesystem::temp_directory_path() / ("berth-app-test-" + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path + "/a/b"); }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name) << text;
  }
};

TEST(ApiPlace, is_found_from_any_folder_below) {
  Folder folder;
  EXPECT_TRUE(find_api_place(folder.path + "/a/b").error().is(Code::unavailable));
  folder.write(
      ".berth/api.json",
      R"({"address":"127.0.0.1:7401","token":"abc","pid":4,"system":"shop","version":"1"})");
  auto place = find_api_place(folder.path + "/a/b");
  ASSERT_TRUE(place.ok()) << place.error().text();
  EXPECT_EQ(place->address, Address::loopback(7401));
  EXPECT_EQ(place->state, std::filesystem::canonical(folder.path).string() + "/.berth");
  EXPECT_EQ(place->console_url(), "http://127.0.0.1:7401/?token=abc");
  EXPECT_TRUE(read_api_place(folder.path + "/a").error().is(Code::unavailable));
}

TEST(ApiPlace, a_damaged_file_is_told_with_what_to_do) {
  Folder folder;
  for (auto* text : {"", "{", "{\"address\":\"127.0.0.1\",\"token\":\"x\"}", "{\"token\":\"x\"}"}) {
    folder.write(".berth/api.json", text);
    auto place = find_api_place(folder.path);
    ASSERT_FALSE(place.ok()) << text;
    EXPECT_TRUE(place.error().is(Code::invalid));
    EXPECT_THAT(place.error().text(), HasSubstr("start berth dev again"));
  }
}

/// A server that gives one answer after another, each part a turn later.
struct ApiTest : testing::Test {
  struct Parts final : http::BodySource {
    std::deque<std::string> parts;
    Deferred<Bytes> read() override {
      if (parts.empty()) return ready(Bytes());
      Bytes part = Bytes::copy(parts.front());
      parts.pop_front();
      return ready(std::move(part));
    }
  };

  ApiTest() {
    auto listener = network.listen(Address::loopback(0));
    address = (*listener)->address();
    server = std::make_unique<http::Server>(reactor, [this](http::ServerRequest& request) {
      asked.push_back(std::string(request.head.method) + " " + std::string(request.head.target) +
                      " " + std::string(request.head.headers.value("authorization")));
      if (answers.empty()) return ready(http::ServerResponse::problem(503, "nothing left"));
      auto answer = std::move(answers.front());
      answers.pop_front();
      return ready(std::move(answer));
    });
    server->serve(std::move(*listener));
  }
  ApiClient client() {
    return {reactor, network, ApiPlace{address, "token", 1, "shop", "0.1.0", "/s"}};
  }
  template <class T>
  Result<T> wait(Deferred<T> deferred) {
    for (int i = 0; i < 1000 && deferred.pending(); ++i) reactor.turn(10ms);
    if (deferred.pending()) return Error(Code::timed_out, "the test waited in vain");
    return deferred.take();
  }
  static http::ServerResponse events(std::deque<std::string> parts) {
    auto source = std::make_unique<Parts>();
    source->parts = std::move(parts);
    return {200, {{"content-type", "text/event-stream"}}, http::Body(std::move(source))};
  }
  static std::string state(const std::string& level, const std::string& feed) {
    return "event: state\ndata: {\"sentence\":{\"level\":\"" + level +
           "\",\"text\":\"how it is\"},\"system\":{\"name\":\"shop\",\"environment\":\"dev\"},"
           "\"services\":[],\"feed\":[" +
           feed + "]}\n\n";
  }
  static std::string entry(int id, const std::string& level) {
    return "{\"id\":" + std::to_string(id) + ",\"time\":1764000000000,\"level\":\"" + level +
           "\",\"service\":\"orders\",\"text\":\"entry " + std::to_string(id) + "\"}";
  }

  os::Reactor reactor;
  os::Network network{reactor};
  Address address;
  std::deque<http::ServerResponse> answers;
  std::vector<std::string> asked;
  std::unique_ptr<http::Server> server;
};

TEST_F(ApiTest, sends_the_token_and_reads_json) {
  answers.push_back(http::ServerResponse::json("{\"a\":1}"));
  ApiClient api = client();
  auto json = wait(api.get("/v1/state"));
  ASSERT_TRUE(json.ok()) << json.error().text();
  EXPECT_EQ((*json)["a"].integer(), 1);
  EXPECT_EQ(asked.at(0), "GET /v1/state Bearer token");
}

TEST_F(ApiTest, a_refusal_is_an_error_with_the_servers_sentence_and_the_right_exit_code) {
  struct Case {
    int status;
    Code code;
    int exit;
  };
  ApiClient api = client();
  for (auto& each :
       {Case{404, Code::not_found, 1}, Case{409, Code::conflict, 1}, Case{422, Code::invalid, 1},
        Case{503, Code::overloaded, 1}, Case{401, Code::unavailable, 3}}) {
    answers.push_back(http::ServerResponse::problem(each.status, "a sentence"));
    auto json = wait(api.get("/v1/x"));
    ASSERT_FALSE(json.ok());
    EXPECT_TRUE(json.error().is(each.code)) << each.status;
    EXPECT_EQ(exit_code_of(json.error()), each.exit);
    if (each.status != 401) {
      EXPECT_EQ(json.error().message(), "a sentence");
    }
  }
}

TEST_F(ApiTest, nobody_there_is_told_with_what_to_do) {
  ApiClient api = client();
  answers.push_back(http::ServerResponse::json("{}"));
  ASSERT_TRUE(wait(api.get("/")).ok());
  ASSERT_TRUE(wait(server->close()).ok());
  server.reset();
  ApiClient another = client();
  auto json = wait(another.get("/v1/state"));
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.error().text(), no_dev_runs().text());
  EXPECT_EQ(exit_code_of(json.error()), exit_unreachable);
}

TEST_F(ApiTest, events_and_lines_come_one_by_one_and_end_as_closed) {
  ApiClient api = client();
  answers.push_back(events({"event: a\nda", "ta: 1\n\n", "data: 2\n\n"}));
  auto stream = wait(api.events("/v1/live"));
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(wait(stream->next()).value(), (ServerEvent{"a", "1"}));
  EXPECT_EQ(wait(stream->next()).value(), (ServerEvent{"message", "2"}));
  EXPECT_TRUE(wait(stream->next()).error().is(Code::closed));

  answers.push_back(events({"{\"a\"", ":1}\n\n{\"b\":2}"}));
  auto response = wait(api.stream("POST", "/v1/deploy", "{}"));
  ASSERT_TRUE(response.ok());
  LineStream lines(std::move(*response));
  EXPECT_EQ(wait(lines.next()).value(), "{\"a\":1}");
  EXPECT_EQ(wait(lines.next()).value(), "{\"b\":2}");
  EXPECT_TRUE(wait(lines.next()).error().is(Code::closed));
}

TEST_F(ApiTest, a_pipe_gets_the_screen_once_and_then_the_feed) {
  answers.push_back(
      events({state("warn", entry(1, "ok")), state("bad", entry(2, "bad") + "," + entry(1, "ok")),
              state("ok", entry(3, "ok") + "," + entry(2, "bad")), state("ok", entry(3, "ok")),
              state("bad", entry(5, "bad") + "," + entry(4, "ok"))}));
  ApiClient api = client();
  std::string printed;
  Output output;
  output.out = [&](std::string_view text) { printed += text; };
  auto shown = show_plainly(reactor, api, output, {});
  for (int i = 0; i < 1000 && printed.find("entry 5") == std::string::npos; ++i) {
    reactor.turn(10ms);
  }
  shown.reset();
  EXPECT_EQ(printed.find("entry 1"), std::string::npos) << "good news before all was well";
  auto first_bad = printed.find("entry 2");
  auto screen = printed.find("shop · dev · how it is");
  auto later = printed.find("entry 4");
  EXPECT_LT(first_bad, screen);
  EXPECT_LT(screen, later);
  EXPECT_LT(later, printed.find("entry 5"));
  EXPECT_EQ(printed.find("shop", screen + 5), std::string::npos) << "the screen came twice";
}

TEST_F(ApiTest, once_ends_when_all_is_healthy_or_after_its_time) {
  ApiClient api = client();
  std::string printed;
  Output output;
  output.out = [&](std::string_view text) { printed += text; };
  PlainOptions options;
  options.once = true;
  answers.push_back(events({state("warn", ""), state("ok", "")}));
  EXPECT_EQ(wait(show_plainly(reactor, api, output, options)).value(), exit_done);
  answers.push_back(events({state("bad", "")}));
  options.once_limit = 50ms;
  EXPECT_EQ(wait(show_plainly(reactor, api, output, options)).value(), exit_failed);
}

}  // namespace
}  // namespace berth::app
