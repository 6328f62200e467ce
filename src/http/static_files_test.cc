#include "http/static_files.h"

#include <gtest/gtest.h>

#include <map>

#include "http/client.h"
#include "sim/simulation.h"

namespace berth::http {
namespace {

struct StaticFilesTest : ::testing::Test {
  sim::Simulation simulation{5};
  sim::Host& host = simulation.add_host("host");
  StaticFiles files{host.disk, "/site"};
  Server server{host.clock, [this](ServerRequest& request) {
                  return files.answer(request, std::string(request.head.path()));
                }};
  Client client{host.clock, host.network};
  Address address;

  StaticFilesTest() {
    auto listener = host.network.listen(host.address(80)).value();
    address = listener->address();
    server.serve(std::move(listener));
    simulation.run(host.disk.make_folder("/site/sub")).value();
    simulation.run(host.disk.make_folder("/site/.git")).value();
    put("/site/index.html", "<p>home</p>");
    put("/site/sub/a.css", "body {}");
    put("/site/.git/config", "secret");
    put("/secret", "secret");
    put("/site/big.bin", big());
    put("/site/app.js", "plain");
    put("/site/app.js.gz", "zipped");
    put("/site/app.js.br", "brotli");
  }
  static std::string big() {
    std::string text;
    while (text.size() < 200'000) text += std::to_string(text.size()) + ",";
    return text;
  }
  void put(const std::string& path, const std::string& text) {
    simulation.run(host.disk.replace_file(path, text)).value();
  }
  struct Got {
    int status;
    std::string text;
    std::map<std::string, std::string> headers;
  };
  Got get(std::string path, std::vector<std::pair<std::string, std::string>> headers = {},
          std::string method = "GET") {
    Request request;
    request.target = std::move(path);
    request.method = std::move(method);
    request.headers = std::move(headers);
    auto response = simulation.run(client.send(address, std::move(request))).value();
    Got got{response.status(), {}, {}};
    for (auto& [name, value] : response.headers()) {
      got.headers[std::string(name)] = std::string(value);
    }
    got.text = simulation.run(response.text()).value();
    return got;
  }
};

TEST_F(StaticFilesTest, answers_with_a_file_its_type_and_its_length) {
  auto css = get("/sub/a.css");
  EXPECT_EQ(css.text, "body {}");
  EXPECT_EQ(css.headers["content-type"], "text/css; charset=utf-8");
  EXPECT_EQ(css.headers["content-length"], "7");
  EXPECT_EQ(get("/").text, "<p>home</p>");
  auto large = get("/big.bin");
  EXPECT_EQ(large.text, big());
  EXPECT_EQ(large.headers["content-length"], std::to_string(big().size()));
  EXPECT_EQ(large.headers["content-type"], "application/octet-stream");
}

TEST_F(StaticFilesTest, head_tells_the_length_and_sends_nothing) {
  for (auto path : {"/sub/a.css", "/big.bin"}) {
    auto head = get(path, {}, "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.text, "");
    EXPECT_EQ(head.headers["content-length"], get(path).headers["content-length"]);
  }
}

TEST_F(StaticFilesTest, nothing_outside_the_folder_and_nothing_hidden_is_there) {
  for (auto path : {"/../secret", "/sub/../../secret", "/.git/config", "/sub//a.css", "/none",
                    "/sub/", "/sub", "/./index.html", "*"}) {
    EXPECT_EQ(get(path, {}, path[0] == '*' ? "OPTIONS" : "GET").status / 100, 4) << path;
  }
  EXPECT_EQ(get("/index.html", {}, "PUT").status, 405);
}

TEST_F(StaticFilesTest, what_is_known_already_is_not_sent_again_until_it_changes) {
  auto first = get("/index.html");
  std::string etag = first.headers["etag"];
  EXPECT_EQ(get("/index.html").headers["etag"], etag);
  auto again = get("/index.html", {{"if-none-match", etag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.text, "");
  EXPECT_EQ(get("/index.html", {{"if-match", etag}}).status, 200);
  EXPECT_EQ(get("/index.html", {{"if-match", "\"other\""}}).status, 412);
  put("/site/index.html", "<p>HOME</p>");
  EXPECT_EQ(get("/index.html", {{"if-none-match", etag}}).text, "<p>HOME</p>");
  EXPECT_EQ(get("/index.html", {{"if-match", etag}}).status, 412);
}

TEST_F(StaticFilesTest, parts_are_sent_of_small_and_large_files) {
  auto small = get("/sub/a.css", {{"range", "bytes=0-3"}});
  EXPECT_EQ(small.status, 206);
  EXPECT_EQ(small.text, "body");
  EXPECT_EQ(small.headers["content-range"], "bytes 0-3/7");
  auto large = get("/big.bin", {{"range", "bytes=1000-150000"}});
  EXPECT_EQ(large.text, big().substr(1000, 149'001));
  EXPECT_EQ(get("/big.bin", {{"range", "bytes=-5"}}).text, big().substr(big().size() - 5));
  auto beyond = get("/sub/a.css", {{"range", "bytes=7-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers["content-range"], "bytes */7");
  std::string etag = small.headers["etag"];
  EXPECT_EQ(get("/sub/a.css", {{"range", "bytes=0-3"}, {"if-range", etag}}).status, 206);
  EXPECT_EQ(get("/sub/a.css", {{"range", "bytes=0-3"}, {"if-range", "\"old\""}}).status, 200);
}

TEST_F(StaticFilesTest, a_compressed_twin_is_sent_to_who_takes_it) {
  EXPECT_EQ(get("/app.js").text, "plain");
  auto zipped = get("/app.js", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(zipped.text, "zipped");
  EXPECT_EQ(zipped.headers["content-encoding"], "gzip");
  EXPECT_EQ(zipped.headers["content-type"], "text/javascript; charset=utf-8");
  EXPECT_EQ(zipped.headers["vary"], "accept-encoding");
  EXPECT_NE(zipped.headers["etag"], get("/app.js").headers["etag"]);
  EXPECT_EQ(get("/app.js", {{"accept-encoding", "gzip, br"}}).text, "brotli");
  EXPECT_EQ(get("/sub/a.css", {{"accept-encoding", "gzip, br"}}).text, "body {}");
}

TEST_F(StaticFilesTest, a_folder_without_its_slash_is_sent_on_where_that_is_wished) {
  StaticFiles slashed(host.disk, "/site", {.slash_folders = true});
  RequestHead asked;
  asked.method = "GET";
  asked.target = "/sub?x=1";
  auto moved = simulation.run(slashed.answer(asked, "/sub")).value();
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(moved.headers.find("location")->value.view(), "sub/?x=1");
  EXPECT_EQ(simulation.run(slashed.answer(asked, "/none")).value().status, 404);
}

TEST_F(StaticFilesTest, a_file_that_gets_shorter_while_it_is_sent_breaks_the_connection) {
  Request request;
  request.target = "/huge";
  put("/site/huge", std::string(8 << 20, 'x'));
  auto response = simulation.run(client.send(address, std::move(request))).value();
  auto file = simulation.run(host.disk.open("/site/huge", OpenMode::write)).value();
  simulation.run(file->truncate(10)).value();
  EXPECT_FALSE(simulation.run(response.text()).ok());
}

}  // namespace
}  // namespace berth::http
