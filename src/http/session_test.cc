#include "http/session.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "http/redirect.h"
#include "http/simulated_web_suite.h"
#include "http/stub.h"

namespace berth::http {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// A session over a stub that keeps what it was asked.
struct SessionTest : ::testing::Test {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  sim::Simulation simulation{3};
  sim::Host& host = simulation.add_host("here");
  std::vector<StubRequest> asked;
  std::function<ServerResponse(const StubRequest&)> answer = [](const StubRequest&) {
    return ServerResponse::text("hello");
  };
  SessionOptions options;
  std::unique_ptr<Session> made;

  Session& session() {
    if (!made) {
      auto transport = stub([this](StubRequest request) {
        asked.push_back(std::move(request));
        return ready(answer(asked.back()));
      });
      made = std::make_unique<Session>(host.clock, host.random, transport, options);
    }
    return *made;
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    return simulation.run(std::move(work));
  }
  static ServerResponse redirect(int status, const std::string& location) {
    return {status, {{"location", location}}, "gone"};
  }
  std::string text_of(Deferred<Response> asking) {
    auto response = run(std::move(asking));
    if (!response.ok()) return response.error().text();
    return run(response->text()).value();
  }
};

TEST_F(SessionTest, asks_with_each_method_query_headers_and_content) {
  auto& client = session();
  run(client.get("http://a/x?y=1", {.query = {{"z", "a b"}}, .headers = {{"accept", "text/x"}}}))
      .value();
  EXPECT_EQ(asked.back().method, "GET");
  EXPECT_EQ(asked.back().url.text(), "http://a/x?y=1&z=a%20b");
  EXPECT_EQ(asked.back().header("accept"), "text/x");
  EXPECT_EQ(asked.back().header("user-agent"), "Berth");

  run(client.post("http://a/", {.content = Content::json(Json("x"))})).value();
  EXPECT_EQ(asked.back().method, "POST");
  EXPECT_EQ(asked.back().content, "\"x\"");
  EXPECT_EQ(asked.back().header("content-type"), "application/json");

  run(client.put("http://a/", {.content = Content::form({{"a", "1"}, {"b", "x&y"}})})).value();
  EXPECT_EQ(asked.back().method, "PUT");
  EXPECT_EQ(asked.back().content, "a=1&b=x%26y");
  EXPECT_EQ(asked.back().header("content-type"), "application/x-www-form-urlencoded");

  run(client.patch("http://a/", {.headers = {{"Content-Type", "a/b"}, {"User-Agent", "me"}},
                                 .content = Content::text("c")}))
      .value();
  EXPECT_EQ(asked.back().method, "PATCH");
  EXPECT_EQ(asked.back().header("content-type"), "a/b");
  EXPECT_EQ(asked.back().header("user-agent"), "me");

  run(client.del("http://a/", {.authorization = basic("Aladdin", "open sesame")})).value();
  EXPECT_EQ(asked.back().method, "DELETE");
  EXPECT_EQ(asked.back().header("authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  run(client.head("http://a/", {.authorization = bearer("t")})).value();
  EXPECT_EQ(asked.back().method, "HEAD");
  EXPECT_EQ(asked.back().header("authorization"), "Bearer t");
}

TEST_F(SessionTest, reads_json_and_says_what_answered) {
  answer = [](const StubRequest&) { return ServerResponse::json(R"({"a":[1,2]})"); };
  auto response = run(session().get("http://a/x#y")).value();
  EXPECT_EQ(response.url(), "http://a/x");
  EXPECT_EQ(run(response.json()).value()["a"].items().size(), 2u);
  answer = [](const StubRequest&) { return ServerResponse::json("{"); };
  response = run(session().get("http://a/")).value();
  EXPECT_TRUE(run(response.json()).error().is(Code::invalid));
}

TEST_F(SessionTest, refuses_bad_urls_and_headers_that_it_writes_itself) {
  EXPECT_TRUE(run(session().get("a/b")).error().is(Code::invalid));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding"}) {
    EXPECT_TRUE(
        run(session().get("http://a/", {.headers = {{name, "1"}}})).error().is(Code::invalid));
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(SessionTest, follows_redirects_with_the_method_that_rfc_9110_says) {
  struct {
    int status;
    const char* method;
    const char* then;
    bool with_content;
  } cases[] = {
      {301, "GET", "GET", false},    {302, "GET", "GET", false},      {303, "GET", "GET", false},
      {301, "POST", "GET", false},   {302, "POST", "GET", false},     {303, "POST", "GET", false},
      {301, "PUT", "PUT", true},     {302, "DELETE", "DELETE", true}, {303, "PUT", "GET", false},
      {303, "HEAD", "HEAD", true},   {307, "POST", "POST", true},     {308, "POST", "POST", true},
      {307, "PATCH", "PATCH", true}, {308, "GET", "GET", true},
  };
  for (auto& each : cases) {
    asked.clear();
    answer = [&](const StubRequest& request) {
      if (request.url.target == "/a/b") return redirect(each.status, "../c?d");
      return ServerResponse::text("there");
    };
    RequestOptions how;
    how.content = Content::text("content");
    auto response = run(session().request(each.method, "http://x/a/b", how)).value();
    EXPECT_EQ(response.url(), "http://x/c?d");
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[1].method, each.then) << each.status << " " << each.method;
    bool content = asked[1].content == "content" && !asked[1].header("content-type").empty();
    bool nothing = asked[1].content.empty() && asked[1].header("content-type").empty();
    if (std::string(each.method) != "GET") EXPECT_TRUE(each.with_content ? content : nothing);
  }
}

TEST_F(SessionTest, leaves_other_statuses_and_redirects_without_a_place_alone) {
  for (int status : {300, 304, 305, 306}) {
    answer = [status](const StubRequest&) { return redirect(status, "/there"); };
    EXPECT_EQ(run(session().get("http://a/"))->status(), status);
  }
  answer = [](const StubRequest&) { return ServerResponse{302, {}, ""}; };
  EXPECT_EQ(run(session().get("http://a/"))->status(), 302);
  answer = [](const StubRequest&) { return redirect(302, "/there"); };
  EXPECT_EQ(run(session().get("http://a/", {.redirects_max = 0}))->status(), 302);
}

TEST_F(SessionTest, leaves_credentials_behind_when_it_comes_to_another_origin) {
  for (std::string other : {"http://b/end", "http://a:81/end", "https://a/end"}) {
    asked.clear();
    answer = [&](const StubRequest& request) {
      if (request.url.target == "/end") return redirect(302, "http://a/back");
      if (request.url.target == "/") return redirect(302, "/same");
      return request.url.target == "/same" ? redirect(302, other) : ServerResponse::text("");
    };
    run(session().get("http://a/",
                      {.headers = {{"Cookie", "c=d"}, {"Proxy-Authorization", "p"}, {"x", "y"}},
                       .authorization = bearer("t")}))
        .value();
    ASSERT_EQ(asked.size(), 4u);
    EXPECT_EQ(asked[1].header("authorization"), "Bearer t");
    EXPECT_EQ(asked[1].header("cookie"), "c=d");
    for (auto& later : {asked[2], asked[3]}) {
      EXPECT_EQ(later.header("authorization"), "");
      EXPECT_EQ(later.header("cookie"), "");
      EXPECT_EQ(later.header("proxy-authorization"), "");
      EXPECT_EQ(later.header("x"), "y");
    }
  }
}

TEST_F(SessionTest, ends_redirects_that_go_on_and_on_or_lead_nowhere) {
  answer = [](const StubRequest& request) { return redirect(302, request.url.target + "x"); };
  auto endless = run(session().get("http://a/"));
  EXPECT_TRUE(endless.error().is(Code::conflict));
  EXPECT_EQ(asked.size(), 11u);
  EXPECT_TRUE(has(endless.error().text(), "redirected more than 10 times"))
      << endless.error().text();
  answer = [](const StubRequest&) { return redirect(302, "ftp://x/"); };
  EXPECT_TRUE(run(session().get("http://a/")).error().is(Code::invalid));
  answer = [](const StubRequest&) { return redirect(307, "/there"); };
  auto source = std::make_unique<PartsSource>(std::vector<std::string>{"a", "b"});
  RequestOptions once;
  once.content = Content::stream(std::move(source), "a/b");
  auto stream = run(session().post("http://a/", std::move(once)));
  EXPECT_TRUE(stream.error().is(Code::conflict)) << stream.error().text();
  EXPECT_EQ(asked.back().content, "ab");
}

TEST_F(SessionTest, keeps_cookies_and_sends_them_where_they_belong) {
  answer = [](const StubRequest& request) {
    ServerResponse response = ServerResponse::text("");
    if (request.url.target == "/login") {
      response = redirect(303, "/");
      response.headers.emplace_back("set-cookie", "id=1; path=/");
      response.headers.emplace_back("set-cookie", "other=2; path=/elsewhere");
    }
    return response;
  };
  run(session().post("http://a/login")).value();
  EXPECT_EQ(asked.back().header("cookie"), "id=1");
  run(session().get("http://b/")).value();
  EXPECT_EQ(asked.back().header("cookie"), "");
  run(session().get("http://a/elsewhere/x")).value();
  EXPECT_EQ(asked.back().header("cookie"), "other=2; id=1");
  run(session().get("http://a/", {.headers = {{"cookie", "mine=3"}}})).value();
  EXPECT_EQ(asked.back().header("cookie"), "mine=3");
  EXPECT_EQ(session().cookies().size(), 2u);
}

TEST_F(SessionTest, repeats_what_may_be_repeated_after_a_growing_wait) {
  answer = [this](const StubRequest&) {
    return ServerResponse::text("x", asked.size() < 3 ? 503 : 200);
  };
  MonotonicTime begun = simulation.now();
  EXPECT_EQ(run(session().put("http://a/", {.content = Content::text("again")}))->status(), 200);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[2].content, "again");
  EXPECT_GT(simulation.now() - begun, 0s);
  EXPECT_LE(simulation.now() - begun, 300ms);

  asked.clear();
  EXPECT_EQ(run(session().post("http://a/"))->status(), 503);
  EXPECT_EQ(run(session().get("http://a/", {.retries_max = 0}))->status(), 503);
  RequestOptions once;
  once.content = Content::stream(std::make_unique<PartsSource>(std::vector<std::string>{"a"}), "");
  asked.clear();
  EXPECT_EQ(run(session().put("http://a/", std::move(once)))->status(), 503);
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(SessionTest, waits_as_a_server_asks_and_not_for_ever) {
  std::string after = "3";
  answer = [&](const StubRequest&) {
    return ServerResponse{asked.size() == 1 ? 429 : 200, {{"retry-after", after}}, ""};
  };
  MonotonicTime begun = simulation.now();
  EXPECT_EQ(run(session().get("http://a/"))->status(), 200);
  EXPECT_GE(simulation.now() - begun, 3s);
  after = "3600";
  asked.clear();
  EXPECT_EQ(run(session().get("http://a/"))->status(), 429);
}

TEST_F(SessionTest, repeats_within_a_budget) {
  answer = [](const StubRequest&) { return ServerResponse::text("", 503); };
  options.retries.wait_first = options.retries.wait_most = 1ns;
  for (int i = 0; i < 200; ++i) run(session().get("http://a/")).value();
  // 10 to begin with, a fifth of 200, and a few for the time that went by.
  EXPECT_GE(asked.size(), 245u);
  EXPECT_LE(asked.size(), 256u);
}

TEST_F(SessionTest, asks_for_codings_and_decodes_them) {
  answer = [](const StubRequest& request) {
    if (request.header("accept-encoding") != "gzip, zstd") return ServerResponse::text("plain");
    return ServerResponse{200,
                          {{"content-encoding", "GZip"}, {"content-length", "3"}},
                          gzip(std::string(200'000, 'x'))};
  };
  auto response = run(session().get("http://a/")).value();
  EXPECT_EQ(response.headers().find("content-encoding"), nullptr);
  EXPECT_EQ(response.headers().find("content-length"), nullptr);
  EXPECT_EQ(run(response.text()).value(), std::string(200'000, 'x'));
  EXPECT_EQ(text_of(session().get("http://a/", {.headers = {{"range", "bytes=0-1"}}})), "plain");
  RequestOptions own{.headers = {{"accept-encoding", "gzip, zstd"}}};
  response = run(session().get("http://a/", own)).value();
  EXPECT_EQ(response.headers().value("content-encoding"), "GZip");
  EXPECT_EQ(run(response.text()).value(), gzip(std::string(200'000, 'x')));
}

TEST_F(SessionTest, tells_of_content_that_is_no_such_coding_or_expands_without_end) {
  std::string content = "no gzip";
  answer = [&](const StubRequest&) {
    return ServerResponse{200, {{"content-encoding", "gzip"}}, content};
  };
  auto response = run(session().get("http://a/x")).value();
  auto broken = run(response.text());
  EXPECT_TRUE(broken.error().is(Code::invalid));
  EXPECT_TRUE(has(broken.error().text(), ", while GET http://a/x")) << broken.error().text();
  content = gzip(std::string(8 << 20, 'x'));
  response = run(session().get("http://a/")).value();
  EXPECT_TRUE(run(response.text()).error().is(Code::overloaded));
}

/// A session over the simulated network.
struct SessionOnWiresTest : SimulatedWeb {
  SessionOptions options;
  std::unique_ptr<Session> made;
  Session& session() {
    if (!made) made = std::make_unique<Session>(here.world(), options);
    return *made;
  }
};

TEST_F(SessionOnWiresTest, sends_files_as_multipart_form_data) {
  std::string seen;
  std::string type;
  std::string length;
  router.add("POST", "/form", [&](ServerRequest& request) -> Deferred<ServerResponse> {
    type = request.head.headers.value("content-type");
    length = request.head.headers.value("content-length");
    seen = co_await request.body(10 << 20);
    co_return ServerResponse::text("thanks");
  });
  std::string big(300'000, 'z');
  run(here.disk.replace_file("/big.bin", big)).value();
  run(here.disk.replace_file("/empty", "")).value();
  std::vector<Part> parts;
  parts.push_back(Part::field("na\"me", "va\r\nlue"));
  parts.push_back(Part::file(here.disk, "file", "/big.bin"));
  parts.push_back(Part::file(here.disk, "none", "/empty", "new\nname", "text/plain"));
  RequestOptions how;
  how.content = Content::multipart(std::move(parts), here.random);
  for (int i = 0; i < 2; ++i) {
    auto response = run(session().post("http://10.0.0.2/form", how)).value();
    EXPECT_EQ(response.status(), 200);
    ASSERT_TRUE(type.starts_with("multipart/form-data; boundary="));
    std::string line = "--" + type.substr(30);
    std::string disposition = line + "\r\ncontent-disposition: form-data; name=";
    EXPECT_EQ(seen,
              disposition + "\"na%22me\"\r\n\r\nva\r\nlue\r\n" + disposition +
                  "\"file\"; filename=\"big.bin\"\r\ncontent-type: "
                  "application/octet-stream\r\n\r\n" +
                  big + "\r\n" + disposition +
                  "\"none\"; filename=\"new%0Aname\"\r\ncontent-type: text/plain\r\n\r\n\r\n" +
                  line + "--\r\n");
    EXPECT_EQ(length, std::to_string(seen.size()));
  }
  parts.push_back(Part::file(here.disk, "file", "/none"));
  how.content = Content::multipart(std::move(parts), here.random);
  auto missing = run(session().post("http://10.0.0.2/form", how));
  EXPECT_TRUE(missing.error().is(Code::not_found));
  EXPECT_TRUE(has(missing.error().text(), ", while sending POST http://10.0.0.2/form"));
}

TEST_F(SessionOnWiresTest, bounds_all_of_it_by_one_time) {
  struct Endless final : BodySource {
    explicit Endless(Clock& clock) : clock(clock) {}
    Deferred<Bytes> read() override {
      co_await clock.after(1s);
      co_return Bytes::copy("x");
    }
    Clock& clock;
  };
  router.add("GET", "/endless", [this](ServerRequest&) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<Endless>(there.clock))});
  });
  options.timeouts.whole = 10s;
  MonotonicTime begun = simulation.now();
  auto response = run(session().get("http://10.0.0.2/endless")).value();
  auto text = run(response.text());
  EXPECT_EQ(text.error().text(),
            "GET http://10.0.0.2/endless: its content was not complete within 10 s, after 9 bytes");
  EXPECT_TRUE(text.error().is(Code::timed_out));
  EXPECT_NEAR(std::chrono::duration<double>(simulation.now() - begun).count(), 10, 0.01);
}

TEST_F(SessionOnWiresTest, says_how_often_it_tried) {
  options.retries.retries_max = 1;
  auto failed = run(session().get("http://10.0.0.2:81/x"));
  EXPECT_TRUE(failed.error().is(Code::refused));
  EXPECT_EQ(failed.error().text(),
            "GET http://10.0.0.2:81/x: connecting to 10.0.0.2:81: nothing listens, while repeating "
            "it, attempt 2");
}

TEST_F(SessionOnWiresTest, an_answer_outlives_its_session) {
  auto response = run(session().get("http://10.0.0.2/")).value();
  auto asking = session().get("http://10.0.0.2/");
  made.reset();
  EXPECT_EQ(run(response.text()).value(), "hello");
  auto second = run(std::move(asking)).value();
  EXPECT_EQ(run(second.text()).value(), "hello");
}

}  // namespace
}  // namespace berth::http
