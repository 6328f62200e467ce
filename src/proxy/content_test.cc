#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/disk.h"
#include "async/sync.h"
#include "base/strings.h"
#include "http/client.h"
#include "http/content_decoder.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "proxy/control_site.h"
#include "sim/simulation.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"

namespace berth::proxy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Got {
  int status = 0;
  std::string text;  // as it came
  std::map<std::string, std::string> fields;

  std::string operator[](const std::string& name) const {
    auto found = fields.find(name);
    return found == fields.end() ? "none" : found->second;
  }
  std::string decoded() const {
    auto decoder = http::ContentDecoder::make((*this)["content-encoding"]);
    if (!decoder) return text;
    decoder->feed(Bytes::copy(text));
    std::string out;
    for (;;) {
      Bytes part = decoder->next().value();
      if (part.empty()) break;
      out += part.view();
    }
    EXPECT_TRUE(decoder->end().ok());
    return out;
  }
};

/// A client, a proxy alone and one instance, each a host, in simulated time: what becomes of
/// content.
struct ContentTest : ::testing::Test {
  sim::Simulation simulation{12};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::string text;
  http::Handler answer;
  http::Server server{inside.clock, [this](http::ServerRequest& request) {
                        seen = request.head.headers.value("accept-encoding");
                        return answer(request);
                      }};
  std::string seen;
  http::Client client{outside.clock, outside.network};
  Alone alone{middle.world(), Log()};

  ContentTest() {
    for (int i = 0; i < 2000; ++i) text += "number " + std::to_string(i) + ", ";
    server.serve(inside.network.listen(inside.address(9001)).value());
    says("text/html");
  }
  void says(const std::string& type, http::ResponseHeaders more = {}, int status = 200) {
    auto shared = std::make_shared<http::ResponseHeaders>(std::move(more));
    answer = [this, type, shared, status](http::ServerRequest&) {
      http::ServerResponse response;
      response.status = status;
      response.headers = {{"etag", "\"1\""}, {"accept-ranges", "bytes"}};
      if (!type.empty()) response.headers.emplace_back("content-type", type);
      for (auto& [name, value] : *shared) {
        response.headers.emplace_back(name.view(), value.view());
      }
      if (http::may_have_content(status)) response.body = http::Body(text);
      return ready(std::move(response));
    };
  }
  void apply(const std::string& route, const std::string& more = "") {
    auto file =
        gateway::read_proxy_file(more +
                                     "[listener.web]\nlisten = \"tcp:10.0.0.2:80\"\n"
                                     "[service.a]\ninstances = [\"10.0.0.3:9001\"]\n[route.one]\n" +
                                     route,
                                 "proxy.toml", "/etc", [](const std::string& path) {
                                   return Result<std::string>(Error(Code::not_found, "no " + path));
                                 });
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE(alone.apply(std::move(*file)).ok());
  }
  void apply_secured(const std::string& route, const std::string& chain, const std::string& key) {
    auto file = gateway::read_proxy_file(
        "[listener.tls]\nlisten = \"tls:10.0.0.2:443\"\n"
        "certificates = [{ chain = \"c.pem\", key = \"c.key\" }]\n"
        "[service.a]\ninstances = [\"10.0.0.3:9001\"]\n[route.one]\n" +
            route,
        "proxy.toml", "/etc", [&](const std::string& path) {
          return Result<std::string>(path == "/etc/c.pem" ? chain : key);
        });
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE(alone.apply(std::move(*file)).ok());
  }
  Result<http::Response> send(const std::string& target, Fields fields = {},
                              const std::string& method = "GET") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(fields);
    return simulation.run(client.send(middle.address(80), std::move(request)));
  }
  Got ask(const std::string& target, Fields fields = {}, const std::string& method = "GET") {
    auto response = send(target, std::move(fields), method);
    if (!response.ok()) return {0, response.error().text(), {}};
    Got got{response->status(), "", {}};
    for (auto& [name, value] : response->headers()) {
      auto& all = got.fields[lower(name)];
      all += (all.empty() ? "" : ", ") + std::string(value);
    }
    got.text = simulation.run(response->text()).value_or("broken off");
    return got;
  }
  Got coded(const std::string& coding, Fields fields = {}) {
    fields.emplace_back("accept-encoding", coding);
    return ask("/", std::move(fields));
  }
  void put(const std::string& path, const std::string& content) {
    simulation.run(middle.disk.replace_file(path, content)).value();
  }
  std::string raw(const std::string& request) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    simulation.run(stream->write(Bytes::copy(request))).value();
    std::string all;
    for (;;) {
      auto part = simulation.run(stream->read(), 1min);
      if (!part.ok() || part->empty()) return all;
      all += part->view();
    }
  }
};

const std::string compressed = "service = \"a\"\ncompress = true\n";

TEST_F(ContentTest, an_answer_is_compressed_as_the_client_likes_it_best) {
  apply(compressed);
  Got plain = ask("/");
  EXPECT_EQ(plain.text, text);
  EXPECT_EQ(plain["vary"], "Accept-Encoding");
  EXPECT_EQ(plain["etag"], "\"1\"");
  for (std::string coding : {"gzip", "zstd"}) {
    Got got = coded(coding);
    EXPECT_EQ(got["content-encoding"], coding);
    EXPECT_EQ(got["vary"], "Accept-Encoding");
    EXPECT_EQ(got["etag"], "W/\"1\"");
    EXPECT_EQ(got["content-length"], "none");
    EXPECT_EQ(got["accept-ranges"], "none");
    EXPECT_LT(got.text.size(), text.size() / 2);
    EXPECT_EQ(got.decoded(), text);
  }
  EXPECT_EQ(coded("gzip;q=0.8, zstd;q=0.5")["content-encoding"], "gzip");
  EXPECT_EQ(coded("gzip;q=0, *;q=0")["content-encoding"], "none");
  EXPECT_EQ(coded("br, identity")["content-encoding"], "none");
  EXPECT_EQ(seen, "br, identity");
  EXPECT_EQ(client.idle(), 1U);  // all by one connection
  EXPECT_EQ(alone.proxy().encoders(), 0U);
}

TEST_F(ContentTest, an_answer_of_unknown_length_and_one_by_http_1_0_keep_their_framing) {
  apply(compressed);
  answer = [](http::ServerRequest&) {
    http::ServerResponse response;
    response.headers = {{"content-type", "application/json"}};
    struct Parts final : http::BodySource {
      std::vector<std::string> parts;
      Deferred<Bytes> read() override {
        if (parts.empty()) return ready(Bytes());
        auto part = Bytes::copy(parts.front());
        parts.erase(parts.begin());
        return ready(std::move(part));
      }
    };
    auto parts = std::make_unique<Parts>();
    parts->parts = {"[1,", std::string(200'000, ' '), "2]"};
    response.body = http::Body(std::move(parts));
    return ready(std::move(response));
  };
  EXPECT_EQ(coded("zstd").decoded(), "[1," + std::string(200'000, ' ') + "2]");
  says("text/html");
  auto old = raw("GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_THAT(old, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(old, testing::Not(HasSubstr("Content-Encoding")));
  EXPECT_TRUE(old.ends_with(text));
}

TEST_F(ContentTest, what_gains_nothing_or_is_apart_stays_as_it_is) {
  apply(compressed);
  says("image/png");
  EXPECT_EQ(coded("gzip")["vary"], "none");
  EXPECT_EQ(coded("gzip").text, text);
  says("");
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html", {{"cache-control", "public, no-transform"}});
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html", {{"content-encoding", "br"}});
  EXPECT_EQ(coded("gzip")["content-encoding"], "br");
  says("text/html", {{"content-range", "bytes 0-9/99"}}, 206);
  EXPECT_EQ(coded("gzip")["content-range"], "bytes 0-9/99");
  EXPECT_EQ(coded("gzip").text, text);
  says("text/html");
  text = "short";
  EXPECT_EQ(coded("gzip").text, "short");
  apply("service = \"a\"\n");
  text = std::string(5000, 'x');
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
}

TEST_F(ContentTest, a_route_says_which_types_and_from_which_length_on) {
  apply(
      "service = \"a\"\n"
      "compress = { types = [\"image/*\", \"text/css\"], bytes_min = 3, gzip = 9, zstd = 1 }\n");
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
  says("Image/PNG");
  EXPECT_EQ(coded("gzip").decoded(), text);
  says("text/css; charset=utf-8");
  text = "abc";
  EXPECT_EQ(coded("gzip")["content-encoding"], "gzip");
  text = "ab";
  EXPECT_EQ(coded("gzip")["content-encoding"], "none");
  text = std::string(5000, 'x');
  apply("service = \"a\"\ncompress = true\n", "[proxy]\nencoders_max = 0\n");
  EXPECT_EQ(coded("gzip").text, text);  // as many as there may be are at work
  EXPECT_EQ(coded("gzip")["vary"], "Accept-Encoding");
}

/// BREACH: another site's page makes the browser ask, and sees how long the answer is.
TEST_F(ContentTest, answers_with_secrets_are_not_compressed_for_the_pages_of_other_sites) {
  apply(compressed);
  auto coding = [&](Fields fields) { return coded("gzip", std::move(fields))["content-encoding"]; };
  std::string host = middle.address(80).text();
  EXPECT_EQ(coding({{"sec-fetch-site", "cross-site"}}), "gzip");  // nothing secret in it
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "cross-site"}}), "none");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "same-origin"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "none"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}}), "none");  // nobody knows
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"referer", "http://" + host + "/a"}}), "gzip");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"referer", "http://evil.example/" + host}}), "none");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"origin", "null"}}), "none");
  EXPECT_EQ(coding({{"authorization", "Basic eDp5"}}), "none");
  EXPECT_EQ(coding({{"authorization", "Bearer x"}}), "gzip");  // no browser adds that by itself
  apply("service = \"a\"\ncompress = { cross_site = true }\n");
  EXPECT_EQ(coding({{"cookie", "id=1"}, {"sec-fetch-site", "cross-site"}}), "gzip");
}

TEST_F(ContentTest, a_head_and_a_304_tell_what_the_answer_would) {
  apply(compressed);
  Got head = ask("/", {{"accept-encoding", "gzip"}}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-encoding"], "gzip");
  EXPECT_EQ(head["etag"], "W/\"1\"");
  EXPECT_EQ(head["content-length"], "none");
  EXPECT_EQ(head.text, "");
  says("", {}, 304);
  EXPECT_EQ(coded("gzip", {{"if-none-match", "W/\"1\""}})["etag"], "W/\"1\"");
  EXPECT_EQ(coded("gzip", {{"if-none-match", "\"1\""}})["etag"], "\"1\"");
  EXPECT_EQ(client.idle(), 1U);
}

TEST_F(ContentTest, an_event_is_passed_on_as_soon_as_it_is_there) {
  apply(compressed);
  std::shared_ptr<Queue<std::string>> events;
  struct Told final : http::BodySource {
    explicit Told(std::shared_ptr<Queue<std::string>> queue) : queue(std::move(queue)) {}
    Deferred<Bytes> read() override {
      std::string event = co_await queue->pop();
      co_return Bytes::copy(event);
    }
    std::shared_ptr<Queue<std::string>> queue;
  };
  answer = [&events](http::ServerRequest&) {
    http::ServerResponse response;
    response.headers = {{"content-type", "text/event-stream"}};
    response.body = http::Body(std::make_unique<Told>(events));
    return ready(std::move(response));
  };
  for (std::string coding : {"gzip", "zstd"}) {
    events = std::make_shared<Queue<std::string>>(10);
    auto response = send("/", {{"accept-encoding", coding}}).value();
    EXPECT_EQ(response.headers().value("content-encoding"), coding);
    EXPECT_GE(alone.proxy().encoders(), 1U);
    auto decoder = http::ContentDecoder::make(coding);
    for (std::string event : {"data: one\n\n", "data: two\n\n", "data: three\n\n"}) {
      ASSERT_TRUE(events->try_push(event));
      std::string heard;
      while (heard.size() < event.size()) {
        Bytes part = decoder->next().value();
        if (part.empty()) decoder->feed(simulation.run(response.read(), 5s).value());
        heard += part.view();
      }
      EXPECT_EQ(heard, event);
    }
  }
  ASSERT_TRUE(simulation.run_until([&] { return alone.proxy().encoders() == 0; }, 1min));
}

/// Content whose sum follows it (RFC 9110 section 6.5), and fields that would be wrong there.
struct Trailed final : http::BodySource {
  std::string text;
  bool told = false;
  Deferred<Bytes> read() override {
    if (std::exchange(told, true)) return ready(Bytes());
    return ready(Bytes::copy(text));
  }
  Fields trailers() override {
    return {{"x-sum", "42"}, {"content-digest", "sha-256=:AAAA:"}, {"content-length", "7"}};
  }
};

TEST_F(ContentTest, trailers_follow_a_compressed_answer_but_for_those_of_its_bytes) {
  apply(compressed);
  answer = [this](http::ServerRequest&) {
    auto trailed = std::make_unique<Trailed>();
    trailed->text = text;
    http::ServerResponse response;
    response.headers = {{"content-type", "text/html"}, {"trailer", "x-sum"}};
    response.body = http::Body(std::move(trailed));
    return ready(std::move(response));
  };
  for (std::string coding : {"gzip", "zstd"}) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string asked =
        "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + coding + "\r\nConnection: close\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(asked))).value();
    std::string whole;
    for (;;) {
      Bytes part = simulation.run(stream->read()).value();
      if (part.empty()) break;
      whole += part.view();
    }
    EXPECT_THAT(whole, HasSubstr("Content-Encoding: " + coding + "\r\n"));
    EXPECT_THAT(lower(whole), HasSubstr("trailer: x-sum\r\n"));
    std::string end = lower(whole.substr(whole.rfind("\r\n0\r\n") + 5));
    EXPECT_EQ(end, "x-sum: 42\r\n\r\n");
  }
}

TEST_F(ContentTest, a_client_of_events_that_goes_is_noticed_before_the_next_event) {
  struct Silent final : http::BodySource {
    Deferred<Bytes> read() override {
      if (!std::exchange(told, true)) co_return Bytes::copy("data: one\n\n");
      co_await never.wait();
      co_return Bytes();
    }
    bool told = false;
    Event never;
  };
  for (const std::string& route : {std::string("service = \"a\"\n"), compressed}) {
    std::string log = "/log" + std::to_string(route.size());
    apply(route + "[[log]]\nto = \"file:" + log + "\"\n");
    answer = [](http::ServerRequest&) {
      http::ServerResponse response;
      response.headers = {{"content-type", "text/event-stream; charset=utf-8"}};
      response.body = http::Body(std::make_unique<Silent>());
      return ready(std::move(response));
    };
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string asked = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(asked))).value();
    std::string head;
    while (head.find("\r\n\r\n") == head.npos) {
      head += simulation.run(stream->read()).value().view();
    }
    EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
    simulation.run_for(500ms);
    EXPECT_EQ(alone.proxy().requests_in_flight(), 1U);  // whoever is silent is there
    stream->close();
    auto gone = [&] { return alone.proxy().requests_in_flight() == 0; };
    ASSERT_TRUE(simulation.run_until(gone, 1s)) << route;
    simulation.run_for(100ms);
    auto told = simulation.run(middle.disk.read_file(log)).value();
    EXPECT_THAT(told, HasSubstr(" CD-- "));
  }
}

TEST_F(ContentTest, an_answer_that_is_broken_off_never_looks_whole) {
  apply(compressed + "[[log]]\nto = \"file:/log\"\n");
  answer = [this](http::ServerRequest&) {
    struct Broken final : http::BodySource {
      std::string text;
      bool told = false;
      Deferred<Bytes> read() override {
        if (std::exchange(told, true)) return failed<Bytes>(Error(Code::io, "its disk is gone"));
        return ready(Bytes::copy(text));
      }
    };
    auto broken = std::make_unique<Broken>();
    broken->text = text;
    http::ServerResponse response;
    response.headers = {{"content-type", "text/html"}};
    response.body = http::Body(std::move(broken));
    return ready(std::move(response));
  };
  auto response = send("/", {{"accept-encoding", "gzip"}}).value();
  EXPECT_FALSE(simulation.run(response.text()).ok());
  simulation.run_for(1s);
  EXPECT_THAT(simulation.run(middle.disk.read_file("/log")).value(), HasSubstr(" SD-- "));
}

struct FilesTest : ContentTest {
  FilesTest() {
    simulation.run(middle.disk.make_folder("/etc/site/docs")).value();
    put("/etc/site/index.html", "<p>home</p>");
    put("/etc/site/docs/index.html", "<p>docs</p>");
    put("/etc/site/a b.css", "body {}");
    put("/etc/site/long.txt", text);
    put("/etc/site/app.js", "plain");
    put("/etc/site/app.js.gz", "zipped");
    put("/etc/secret", "secret");
    std::string big;
    while (big.size() < 1'000'000) big += text;
    put("/etc/site/big.bin", big);
    text = big;
  }
};

TEST_F(FilesTest, a_folder_is_what_a_route_leads_to) {
  apply("files = \"site\"\nresponse_headers = { set = { X-By = \"berth\" } }\n");
  Got home = ask("/");
  EXPECT_EQ(home.text, "<p>home</p>");
  EXPECT_EQ(home["content-type"], "text/html; charset=utf-8");
  EXPECT_EQ(home["cache-control"], "no-cache");
  EXPECT_EQ(home["x-by"], "berth");
  EXPECT_THAT(home["date"], HasSubstr(" GMT"));
  EXPECT_EQ(ask("/a%20b.css").text, "body {}");
  EXPECT_EQ(ask("/docs/").text, "<p>docs</p>");
  Got moved = ask("/docs?x=1");
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(moved["location"], "docs/?x=1");
  EXPECT_EQ(ask("/", {{"if-none-match", home["etag"]}}).status, 304);
  EXPECT_EQ(ask("/app.js", {{"accept-encoding", "gzip"}}).text, "zipped");
  Got part = ask("/big.bin", {{"range", "bytes=100000-499999"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.text == text.substr(100'000, 400'000));
  EXPECT_TRUE(ask("/big.bin").text == text);
  Got head = ask("/big.bin", {}, "HEAD");
  EXPECT_EQ(head["content-length"], std::to_string(text.size()));
  EXPECT_EQ(head.text, "");
  EXPECT_EQ(client.idle(), 1U);  // all by one connection
  for (auto* path : {"/../secret", "/%2e%2e/secret", "/docs/..%2f../secret", "/.git/x", "/none"}) {
    EXPECT_EQ(ask(path).status / 100, 4) << path;
  }
}

TEST_F(FilesTest, a_prefix_is_where_the_folder_is_mounted_and_a_rewrite_names_another_path) {
  apply(
      "prefix = \"/static\"\nfiles = \"site/\"\n[route.two]\nprefix = \"/old\"\n"
      "rewrite = \"/docs\"\nfiles = \"site\"\n[route.three]\npath = \"/app.js\"\nfiles = "
      "\"site\"\n");
  EXPECT_EQ(ask("/static/a%20b.css").text, "body {}");
  EXPECT_EQ(ask("/static/").text, "<p>home</p>");
  Got mount = ask("/static?a");
  EXPECT_EQ(mount.status, 308);
  EXPECT_EQ(mount["location"], "./static/?a");
  EXPECT_EQ(ask("/static/docs")["location"], "docs/");
  EXPECT_EQ(ask("/old/index.html?x").text, "<p>docs</p>");
  EXPECT_EQ(ask("/app.js").text, "plain");
  EXPECT_EQ(ask("/app.js.gz").status, 404);  // no route
}

TEST_F(FilesTest, what_is_not_there_gets_the_routes_page_or_what_it_falls_back_to) {
  apply(
      "files = \"site\"\npages = [{ status = 404, text = \"<p>lost</p>\" }]\n"
      "[[log]]\nto = \"file:/log\"\n");
  Got none = ask("/none");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.text, "<p>lost</p>");
  EXPECT_EQ(none["x-berth-reason"], "there is no file /none");
  Got wrong = ask("/", {}, "DELETE");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong["allow"], "GET, HEAD");
  Got beyond = ask("/app.js", {{"range", "bytes=99-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond["content-range"], "bytes */5");
  EXPECT_EQ(ask("/")["content-range"], "none");  // of the last answer
  simulation.run_for(1s);
  EXPECT_THAT(simulation.run(middle.disk.read_file("/log")).value(),
              HasSubstr("web web/<NOSRV> 0/-1/-1/-1/"));
  apply(
      "files = { folder = \"site\", fallback = \"/index.html\", cache_control = \"max-age=9\", "
      "twins = false, index = \"none.html\" }\n");
  EXPECT_EQ(ask("/some/page").text, "<p>home</p>");
  EXPECT_EQ(ask("/some/page").status, 200);
  EXPECT_EQ(ask("/docs/").text, "<p>home</p>");
  EXPECT_EQ(ask("/app.js", {{"accept-encoding", "gzip"}}).text, "plain");
  EXPECT_EQ(ask("/app.js")["cache-control"], "max-age=9");
}

TEST_F(FilesTest, files_are_compressed_where_there_is_no_twin) {
  apply("files = \"site\"\ncompress = true\n");
  auto get = [&](const std::string& path) { return ask(path, {{"accept-encoding", "gzip"}}); };
  Got long_one = get("/long.txt");
  EXPECT_EQ(long_one["content-encoding"], "gzip");
  EXPECT_THAT(long_one["etag"], StartsWith("W/"));
  EXPECT_EQ(long_one.decoded(),
            simulation.run(middle.disk.read_file("/etc/site/long.txt")).value());
  EXPECT_EQ(get("/app.js").text, "zipped");
  EXPECT_EQ(get("/big.bin")["content-encoding"], "none");
  put("/etc/site/big.txt", text);
  EXPECT_TRUE(get("/big.txt").decoded() == text);
  EXPECT_EQ(alone.proxy().encoders(), 0U);
  auto old = raw("GET /big.txt HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_TRUE(old.ends_with(text));
}

TEST_F(FilesTest, a_client_that_reads_no_more_is_cut_off_in_its_time) {
  put("/etc/site/huge", std::string(32 << 20, 'x'));
  apply("files = \"site\"\ntimeout = \"5s\"\n");
  auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
  std::string request = "GET /huge HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(simulation.run(stream->write(Bytes::copy(request))).ok());
  EXPECT_THAT(simulation.run(stream->read()).value().text(), StartsWith("HTTP/1.1 200"));
  simulation.run_for(4s);
  EXPECT_EQ(alone.proxy().connections(), 1U);
  ASSERT_TRUE(simulation.run_until([&] { return alone.proxy().connections() == 0; }, 10s));
}

TEST_F(ContentTest, one_client_may_ask_a_route_so_often_whatever_it_is_answered) {
  apply(
      "service = \"a\"\nprefix = \"/login\"\nauth = \"staff\"\nlimit = { per_second = 1, burst = 3 "
      "}\n"
      "[route.two]\nservice = \"a\"\n",
      "[proxy]\ntrusted_proxies = [\"10.0.0.1\"]\n[auth.staff]\nusers = { ann = \"secret\" }\n");
  auto as = [&](const std::string& client) {
    return ask("/login",
               {{"x-forwarded-for", client}, {"authorization", "Basic YW5uOnNlY3JldA=="}});
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask("/login", {{"x-forwarded-for", "192.0.2.1"}}).status, 401);
  Got refused = as("192.0.2.1");  // with the right password, too
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused["retry-after"], "1");
  EXPECT_EQ(refused["www-authenticate"], "none");
  EXPECT_EQ(as("192.0.2.2").status, 200);
  EXPECT_EQ(ask("/other", {{"x-forwarded-for", "192.0.2.1"}}).status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(as("2001:db8::" + std::to_string(i + 1)).status, 200);
  EXPECT_EQ(as("2001:db8::ffff").status, 429);  // one /64 is one client
  EXPECT_EQ(as("2001:db8:0:1::1").status, 200);
  simulation.run_for(1s);
  EXPECT_EQ(as("192.0.2.1").status, 200);
  EXPECT_EQ(as("192.0.2.1").status, 429);
}

/// "Slow POST": a connection for a byte now and then.
TEST_F(ContentTest, a_client_that_drips_its_content_is_told_that_it_is_too_slow) {
  answer = [](http::ServerRequest& request) -> Deferred<http::ServerResponse> {
    std::string body = co_await request.body(1 << 20);
    co_return http::ServerResponse::text(std::to_string(body.size()));
  };
  /// What is answered to so many bytes each second, and when.
  auto drip = [&](std::size_t bytes, std::size_t seconds) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes * seconds) +
        "\r\n\r\n";
    simulation.run(stream->write(Bytes::copy(head))).value();
    auto answered = stream->read();
    std::size_t gone = 0;
    for (; gone < seconds && answered.pending(); ++gone) {
      simulation.run_for(1s);
      auto sent = simulation.run(stream->write(Bytes::copy(std::string(bytes, 'x'))));
    }
    std::string text = simulation.run(std::move(answered), 10s).value().text();
    while (text.size() < 12) text += simulation.run(stream->read(), 10s).value().text();
    return std::make_pair(text.substr(9, 3), gone);
  };
  apply("service = \"a\"\n");
  auto [status, after] = drip(10, 200);
  EXPECT_EQ(status, "408");
  EXPECT_GE(after, 30U);
  EXPECT_LE(after, 40U);
  EXPECT_EQ(drip(400, 100), std::make_pair(std::string("200"), std::size_t{100}));
}

TEST_F(FilesTest, each_route_has_its_metrics) {
  apply("prefix = \"/static\"\nfiles = \"site\"\n[route.two]\nservice = \"a\"\n");
  ControlSite site(middle.world(), Log(), alone);
  ASSERT_TRUE(site.set(middle.address(8404), {}).ok());
  EXPECT_EQ(ask("/static/app.js").status, 200);
  EXPECT_EQ(ask("/static/none").status, 404);
  EXPECT_EQ(ask("/").status, 200);
  EXPECT_EQ(ask("/%00").status, 400);  // of no route
  auto answer = simulation.run(client.get(middle.address(8404), "/metrics")).value();
  std::string page = simulation.run(answer.text()).value();
  for (auto* line : {"berth_proxy_route_http_requests_total{route=\"one\"} 2\n",
                     "berth_proxy_route_http_responses_total{route=\"one\",code=\"2xx\"} 1\n",
                     "berth_proxy_route_http_responses_total{route=\"one\",code=\"4xx\"} 1\n",
                     "berth_proxy_route_http_requests_total{route=\"two\"} 1\n",
                     "berth_proxy_route_requests_denied_total{route=\"two\"} 0\n",
                     "berth_proxy_route_bytes_in_total{route=\"two\"} ",
                     "berth_proxy_route_bytes_out_total{route=\"two\"} 1",
                     "berth_proxy_route_request_seconds_count{route=\"one\"} 2\n",
                     "berth_proxy_route_request_seconds_bucket{route=\"two\",le=\"+Inf\"} 1\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST_F(FilesTest, files_and_compressed_answers_go_by_http_2_as_well) {
  tls::Authority authority;
  auto issued = authority.issue_for("DNS:a.example");
  apply_secured(
      "prefix = \"/static\"\nfiles = \"site\"\n[route.two]\nservice = \"a\"\ncompress = true\n",
      issued.chain.text, issued.key.text);
  tls::ClientOptions options;
  options.authorities = authority.pem();
  http::ClientOptions client_options;
  client_options.secure =
      tls::secure_with(tls::ClientContext::make(options).value(), outside.clock);
  http::Client h2(outside.clock, outside.network, client_options);
  auto get = [&](const std::string& target) {
    http::Request request;
    request.headers = {{"accept-encoding", "gzip"}};
    http::SendOptions how;
    how.connect_to = middle.address(443);
    how.version = http::Version::http_2;
    auto url = http::parse_url("https://a.example" + target).value();
    auto answer = simulation.run(h2.send(url, std::move(request), how)).value();
    EXPECT_EQ(answer.major_version(), 2);
    Got got{answer.status(), "", {}};
    for (auto& [name, value] : answer.headers()) got.fields[lower(name)] = std::string(value);
    got.text = simulation.run(answer.text()).value_or("broken off");
    return got;
  };
  EXPECT_TRUE(get("/static/big.bin").text == text);
  EXPECT_EQ(get("/static/none").status, 404);
  Got got = get("/");
  EXPECT_EQ(got["content-encoding"], "gzip");
  EXPECT_TRUE(got.decoded() == text);
}

}  // namespace
}  // namespace berth::proxy
