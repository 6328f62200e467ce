#include "http/middleware.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "async/sync.h"
#include "http/authorization.h"
#include "http/compression.h"
#include "http/content_decoder.h"
#include "http/event_stream.h"
#include "http/simulated_web_suite.h"

namespace berth::http {
namespace {

using testing::HasSubstr;
using testing::Not;

struct LogLines : LogTarget {
  LogLines() {
    write = [](void* self, std::string_view line) { static_cast<LogLines*>(self)->text += line; };
    context = this;
  }
  std::string text;
};

Deferred<ServerResponse> sum(ServerRequest& request) {
  Json json = co_await request.json(100);
  std::int64_t all = 0;
  for (auto& each : json["numbers"].items()) all += each.integer().value_or(0);
  Json answer;
  answer.set("sum", all);
  co_return ServerResponse::json_value(answer);
}

/// Says its parts when it is told to.
struct ToldSource final : BodySource {
  explicit ToldSource(std::shared_ptr<Queue<std::string>> parts) : parts(std::move(parts)) {}
  Deferred<Bytes> read() override { co_return Bytes::copy(co_await parts->pop()); }
  std::shared_ptr<Queue<std::string>> parts;
};

/// Handlers with layers around them, asked over the simulated network.
struct MiddlewareTest : SimulatedWeb {
  LogLines lines;
  Log log{lines, "http"};
  Handler handler;
  Client client{here.clock, here.network};
  Server layered{there.clock, [this](ServerRequest& request) { return handler(request); }};
  Address layered_address = there.address(81);

  MiddlewareTest() { layered.serve(there.network.listen(layered_address).value()); }

  struct Got {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string text;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Got ask(std::string method, Fields fields = {}, std::string body = "") {
    Request request;
    request.method = std::move(method);
    request.target = "/x?secret";
    request.headers = std::move(fields);
    if (!body.empty()) request.body = Body(std::move(body));
    auto response = run(client.send(layered_address, std::move(request))).value();
    Got got{response.status(), {}, {}};
    for (auto& [name, value] : response.headers()) {
      got.headers[std::string(name)] = std::string(value);
    }
    got.text = run(response.text()).value();
    return got;
  }
  Got get(Fields fields = {}) { return ask("GET", std::move(fields)); }
  static Handler says(std::string text, std::string type = "text/plain") {
    return [text, type](ServerRequest&) {
      return ready(ServerResponse{
          200, {{"content-type", type}, {"etag", "\"1\""}, {"accept-ranges", "bytes"}}, text});
    };
  }
  static std::string decoded(const std::string& text, std::string_view coding) {
    auto decoder = ContentDecoder::make(coding);
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

TEST_F(MiddlewareTest, json_is_read_with_its_type_its_limit_and_the_place_of_a_fault) {
  handler = sum;
  Fields json{{"content-type", "application/json; charset=UTF-8"}};
  EXPECT_EQ(ask("POST", json, R"({"numbers":[1,2,3]})").text, R"({"sum":6})");
  EXPECT_EQ(ask("POST", {{"content-type", "application/vnd.x+json"}}, "{}").text, R"({"sum":0})");
  auto wrong = ask("POST", json, "{\n  \"numbers\": [1,,2]}");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.headers["content-type"], "application/problem+json");
  EXPECT_THAT(wrong.text, HasSubstr("line 2, column 17"));
  auto form = ask("POST", {{"content-type", "application/x-www-form-urlencoded"}}, "a=b");
  EXPECT_EQ(form.status, 415);
  EXPECT_EQ(form.headers["accept"], "application/json");
  EXPECT_EQ(ask("POST", {}, "{}").status, 415);
  EXPECT_EQ(ask("POST", {{"content-type", "application/json; charset=latin1"}}, "{}").status, 415);
  EXPECT_EQ(ask("POST", json, std::string(200, ' ')).status, 413);
}

TEST_F(MiddlewareTest, each_answer_is_logged_without_its_query) {
  handler = logged(with_request_id(says("hello"), there.clock, there.random), there.clock, log);
  auto answer = get();
  EXPECT_EQ(answer.headers["x-request-id"].size(), 26u);
  EXPECT_THAT(lines.text, HasSubstr("message=request method=GET path=/x status=200 took="));
  EXPECT_THAT(lines.text, HasSubstr("id=" + answer.headers["x-request-id"]));
  EXPECT_THAT(lines.text, Not(HasSubstr("secret")));
}

TEST_F(MiddlewareTest, a_request_keeps_the_id_it_came_with_unless_it_is_a_bad_one) {
  handler = with_request_id(
      [](ServerRequest& request) {
        return ready(ServerResponse::text(std::string(request.head.headers.value("x-request-id"))));
      },
      there.clock, there.random);
  EXPECT_EQ(get({{"x-request-id", "abc-1.2_X"}}).text, "abc-1.2_X");
  auto bad = get({{"x-request-id", "a\" b"}});
  EXPECT_EQ(bad.text.size(), 26u);
  EXPECT_EQ(bad.headers["x-request-id"], bad.text);
  EXPECT_EQ(get({{"x-request-id", std::string(65, 'a')}}).text.size(), 26u);
}

TEST_F(MiddlewareTest, an_error_is_answered_as_a_problem_and_its_text_stays_here) {
  Error error(Code::io, "the disk /dev/sdb1 is broken");
  handler =
      with_request_id(recovered([&](ServerRequest&) { return failed<ServerResponse>(error); }, log),
                      there.clock, there.random);
  auto answer = get({{"x-request-id", "abc"}});
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
  EXPECT_THAT(answer.text, HasSubstr("which its log calls abc"));
  EXPECT_THAT(answer.text, Not(HasSubstr("sdb1")));
  EXPECT_THAT(lines.text, HasSubstr("error=\"the disk /dev/sdb1 is broken\""));
  error = Error(Code::not_found, "there is no user 7");
  answer = get();
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.text, HasSubstr("there is no user 7"));
}

TEST_F(MiddlewareTest, a_guard_lets_in_who_has_the_right_name_and_password) {
  handler = basic_guard(says("in"), "shop", [](std::string_view name, std::string_view password) {
    return name == "Ada" && equal_in_constant_time(password, "se:cret");
  });
  EXPECT_EQ(get({{"authorization", basic("Ada", "se:cret")}}).text, "in");
  EXPECT_EQ(get({{"authorization", basic("Ada", "secret")}}).status, 401);
  for (auto field : {"", "Basic", "Basic ", "Basic !!!!", "Basic QWRh", "Bearer x"}) {
    EXPECT_EQ(get({{"authorization", field}}).status, 401) << field;
  }
  EXPECT_EQ(get().headers["www-authenticate"], "Basic realm=\"shop\", charset=\"UTF-8\"");
}

TEST_F(MiddlewareTest, a_guard_lets_in_who_has_the_token) {
  handler = bearer_guard(says("in"), "shop", [](std::string_view token) {
    return equal_in_constant_time(token, "t0ken");
  });
  EXPECT_EQ(get({{"authorization", bearer("t0ken")}}).text, "in");
  EXPECT_EQ(get({{"authorization", "bearer t0ken"}}).text, "in");
  EXPECT_EQ(get({{"authorization", bearer("t0ke")}}).status, 401);
  EXPECT_EQ(get().headers["www-authenticate"], "Bearer realm=\"shop\"");
}

TEST(ConstantTime, equality_is_equality) {
  for (auto same : {"", "a", "abc"}) EXPECT_TRUE(equal_in_constant_time(same, same));
  using Pairs = std::vector<std::pair<const char*, const char*>>;
  for (auto [a, b] : Pairs{{"", "a"}, {"a", ""}, {"a", "aa"}, {"aa", "a"}, {"abc", "abd"}}) {
    EXPECT_FALSE(equal_in_constant_time(a, b)) << a << " " << b;
  }
}

TEST_F(MiddlewareTest, pages_of_known_origins_may_use_the_answers) {
  handler = with_cors(says("hello"), {.origins = {"https://a.example"}, .credentials = true});
  auto known = get({{"origin", "https://a.example"}});
  EXPECT_EQ(known.headers["access-control-allow-origin"], "https://a.example");
  EXPECT_EQ(known.headers["access-control-allow-credentials"], "true");
  EXPECT_EQ(known.headers["vary"], "origin");
  auto other = get({{"origin", "https://b.example"}});
  EXPECT_EQ(other.text, "hello");
  EXPECT_EQ(other.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(other.headers["vary"], "origin");
  auto asked =
      ask("OPTIONS", {{"origin", "https://a.example"}, {"access-control-request-method", "PUT"}});
  EXPECT_EQ(asked.status, 204);
  EXPECT_THAT(asked.headers["access-control-allow-methods"], HasSubstr("PUT"));
  EXPECT_EQ(asked.headers["access-control-max-age"], "600");
  EXPECT_EQ(ask("OPTIONS").text, "hello");
}

struct CompressionTest : MiddlewareTest {
  std::string text;
  CompressionTest() {
    for (int i = 0; i < 2000; ++i) text += "number " + std::to_string(i) + ", ";
  }
};

TEST_F(CompressionTest, a_text_is_coded_as_the_client_likes_it_best) {
  handler = compressed(says(text));
  EXPECT_EQ(get().text, text);
  EXPECT_EQ(get().headers["vary"], "accept-encoding");
  EXPECT_EQ(get().headers["etag"], "\"1\"");
  for (std::string coding : {"gzip", "zstd"}) {
    auto got = get({{"accept-encoding", coding}});
    EXPECT_EQ(got.headers["content-encoding"], coding);
    EXPECT_EQ(got.headers["vary"], "accept-encoding");
    EXPECT_EQ(got.headers["etag"], "W/\"1\"");
    EXPECT_EQ(got.headers.count("accept-ranges"), 0u);
    EXPECT_EQ(got.headers["content-length"], std::to_string(got.text.size()));
    EXPECT_LT(got.text.size(), text.size() / 2);
    EXPECT_TRUE(decoded(got.text, coding) == text);
  }
  EXPECT_EQ(get({{"accept-encoding", "gzip;q=0.8, zstd;q=0.5"}}).headers["content-encoding"],
            "gzip");
  EXPECT_EQ(get({{"accept-encoding", "br, identity"}}).text, text);
}

TEST_F(CompressionTest, what_gains_nothing_or_is_apart_stays_as_it_is) {
  Fields gzip{{"accept-encoding", "gzip"}};
  handler = compressed(says(text, "image/png"));
  EXPECT_EQ(get(gzip).text, text);
  EXPECT_EQ(get(gzip).headers.count("vary"), 0u);
  handler = compressed(says("short"));
  EXPECT_EQ(get(gzip).text, "short");
  using Cases = std::vector<std::tuple<int, const char*, const char*>>;
  for (auto [status, name, value] : Cases{{200, "content-encoding", "br"},
                                          {206, "content-range", "bytes 0-1/9"},
                                          {200, "cache-control", "public, no-transform"}}) {
    handler = compressed([&, status, name, value](ServerRequest&) {
      return ready(ServerResponse{
          status, {{"content-type", "text/html"}, {std::string(name), std::string(value)}}, text});
    });
    EXPECT_TRUE(get(gzip).text == text) << name;
  }
}

TEST_F(CompressionTest, a_long_text_and_a_source_are_coded_part_by_part) {
  std::string longer;
  while (longer.size() < 1'000'000) longer += text;
  handler = compressed(says(longer), {.workers = &there.workers});
  auto got = get({{"accept-encoding", "gzip"}});
  EXPECT_EQ(got.headers["transfer-encoding"], "chunked");
  EXPECT_TRUE(decoded(got.text, "gzip") == longer);
  handler = compressed([&](ServerRequest&) {
    return ready(ServerResponse{200,
                                {{"content-type", "application/json"}},
                                Body(std::make_unique<PartsSource>(std::vector<std::string>{
                                    "[1,", "2,", std::string(100'000, ' '), "3]"}))});
  });
  got = get({{"accept-encoding", "zstd"}});
  EXPECT_TRUE(decoded(got.text, "zstd") == "[1,2," + std::string(100'000, ' ') + "3]");
}

TEST_F(CompressionTest, a_head_says_what_the_answer_would) {
  handler = compressed(says(text));
  auto got = ask("HEAD", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(got.headers["content-encoding"], "gzip");
  EXPECT_EQ(got.headers["etag"], "W/\"1\"");
  EXPECT_EQ(got.headers.count("content-length"), 0u);
}

TEST_F(CompressionTest, an_event_is_sent_as_soon_as_it_is_there) {
  for (std::string coding : {"gzip", "zstd"}) {
    auto events = std::make_shared<Queue<std::string>>(10);
    handler = compressed([events](ServerRequest&) {
      return ready(event_stream(std::make_unique<ToldSource>(events)));
    });
    Request request;
    request.headers = {{"accept-encoding", coding}};
    auto response = run(client.send(layered_address, std::move(request))).value();
    auto decoder = ContentDecoder::make(coding);
    for (std::string event : {"data: one\n\n", "data: two\n\n", "data: three\n\n"}) {
      ASSERT_TRUE(events->try_push(event));
      std::string heard;
      while (heard.size() < event.size()) {
        Bytes part = decoder->next().value();
        if (part.empty()) decoder->feed(simulation.run(response.read(), 10s).value());
        heard += part.view();
      }
      EXPECT_EQ(heard, event);
    }
  }
}

}  // namespace
}  // namespace berth::http
