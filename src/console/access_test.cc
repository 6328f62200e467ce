#include "console/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/page.h"

namespace berth::console {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string token(64, 'a');

/// A request as it would come from a browser or a command, before anything is changed in it.
struct Asked {
  std::string method = "GET";
  std::string target = "/v1/state";
  std::vector<std::pair<std::string, std::string>> headers{{"host", "127.0.0.1:7400"}};

  Asked& with(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  http::RequestHead head() const {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    for (auto& [name, value] : headers) head.headers.add(name, value);
    return head;
  }
};

/// The status with which it is refused, 0 if it is let in.
int refused(const Asked& asked, std::uint16_t port = 7400) {
  Access access(token, port);
  auto answer = access.refuse(asked.head());
  return answer ? answer->status : 0;
}

Asked asked_by(std::string host) { return {.headers = {{"host", std::move(host)}}}; }
Asked bearer(std::string given) {
  return Asked().with("authorization", "Bearer " + std::move(given));
}
Asked cookie(std::string value) { return Asked().with("cookie", std::move(value)); }

TEST(Access, the_token_lets_in) {
  EXPECT_EQ(refused(bearer(token)), 0);
  EXPECT_EQ(refused(Asked().with("authorization", "bearer  " + token)), 0);
  EXPECT_EQ(refused(cookie("berth_token_7400=" + token)), 0);
  EXPECT_EQ(refused(cookie("theme=dark; berth_token_7400=" + token + "; other=1")), 0);
}

TEST(Access, no_token_or_a_wrong_one_is_401) {
  EXPECT_EQ(refused(Asked()), 401);
  EXPECT_EQ(refused(bearer("")), 401);
  EXPECT_EQ(refused(bearer(std::string(64, 'b'))), 401);
  EXPECT_EQ(refused(bearer(token.substr(1))), 401);
  EXPECT_EQ(refused(bearer(token + "a")), 401);
  EXPECT_EQ(refused(Asked().with("authorization", "Basic " + token)), 401);
  EXPECT_EQ(refused(cookie("berth_token_7400=" + token.substr(2) + "bb")), 401);
  EXPECT_EQ(refused(Asked{.target = "/v1/state?token=" + token}), 401);
  EXPECT_EQ(refused(Asked{.target = "/metrics"}), 401);
  EXPECT_EQ(refused(Asked{.target = "/not/there"}), 401);
}

TEST(Access, a_wrong_token_in_the_header_is_not_saved_by_the_cookie) {
  EXPECT_EQ(refused(cookie("berth_token_7400=" + token).with("authorization", "Bearer no")), 401);
}

TEST(Access, the_cookie_of_another_port_is_another_systems) {
  EXPECT_EQ(refused(cookie("berth_token_7401=" + token)), 401);
}

TEST(Access, an_empty_token_lets_nobody_in) {
  Access access("", 7400);
  EXPECT_EQ(access.refuse(bearer("").head())->status, 401);
}

TEST(Access, only_the_names_of_this_host_are_answered) {
  for (auto* host : {"127.0.0.1:7400", "localhost:7400", "LOCALHOST:7400", "[::1]:7400"}) {
    EXPECT_EQ(refused(asked_by(host).with("authorization", "Bearer " + token)), 0) << host;
  }
  for (auto* host : {"evil.example:7400", "127.0.0.1", "127.0.0.1:7401", "localhost", "[::1]",
                     "localhost.evil.example:7400", "127.0.0.1:7400.evil.example", "", ":7400",
                     "10.0.0.1:7400", "[::1]7400"}) {
    EXPECT_EQ(refused(asked_by(host).with("authorization", "Bearer " + token)), 403) << host;
  }
  Asked none{.headers = {{"authorization", "Bearer " + token}}};
  EXPECT_EQ(refused(none), 403);
}

TEST(Access, port_80_goes_without_saying) {
  EXPECT_EQ(refused(asked_by("localhost").with("authorization", "Bearer " + token), 80), 0);
}

TEST(Access, a_foreign_host_is_refused_before_anything_else) {
  Asked page{.target = "/", .headers = {{"host", "evil.example:7400"}}};
  EXPECT_EQ(refused(page), 403);
  page.target = "/v1/health";
  EXPECT_EQ(refused(page), 403);
}

TEST(Access, an_absolute_target_must_name_this_host_too) {
  Access access(token, 7400);
  auto asked = bearer(token);
  auto head = asked.head();
  head.authority = "evil.example:7400";
  EXPECT_EQ(access.refuse(head)->status, 403);
}

TEST(Access, the_origin_must_be_the_page_itself) {
  EXPECT_EQ(refused(bearer(token).with("origin", "http://127.0.0.1:7400")), 0);
  for (auto* origin : {"http://evil.example", "http://localhost:7400", "https://127.0.0.1:7400",
                       "http://127.0.0.1:8080", "null", ""}) {
    EXPECT_EQ(refused(bearer(token).with("origin", origin)), 403) << origin;
  }
}

TEST(Access, a_change_by_cookie_needs_an_origin) {
  auto post = cookie("berth_token_7400=" + token);
  post.method = "POST";
  EXPECT_EQ(refused(post), 403);
  EXPECT_EQ(refused(post.with("origin", "http://127.0.0.1:7400")), 0);
  auto command = bearer(token);
  command.method = "POST";
  EXPECT_EQ(refused(command), 0);
}

TEST(Access, the_page_and_health_need_no_token_but_only_to_be_read) {
  for (auto* target : {"/", "/?x=1", "/assets/index-1.js", "/v1/health"}) {
    EXPECT_EQ(refused(Asked{.target = target}), 0) << target;
    EXPECT_EQ(refused(Asked{.method = "POST", .target = target}), 401) << target;
  }
}

TEST(Access, entering_with_the_token_sets_the_cookie_and_takes_it_out_of_the_address) {
  Access access(token, 7412);
  auto entered = access.enter(Asked{.target = "/?token=" + token}.head());
  ASSERT_TRUE(entered);
  EXPECT_EQ(entered->status, 303);
  std::map<std::string, std::string> headers;
  for (auto& [name, value] : entered->headers) headers.emplace(name, value);
  EXPECT_EQ(headers["location"], "/");
  EXPECT_EQ(headers["set-cookie"],
            "berth_token_7412=" + token + "; HttpOnly; SameSite=Strict; Path=/");
}

TEST(Access, entering_with_a_wrong_token_is_told_as_a_page) {
  Access access(token, 7400);
  auto answer = access.enter(Asked{.target = "/?token=nonsense"}.head());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 401);
  EXPECT_THAT(answer->body.text.text(), HasSubstr("berth dev"));
  EXPECT_FALSE(access.enter(Asked{.target = "/"}.head()));
  EXPECT_FALSE(access.enter(Asked{.target = "/v1/state?token=" + token}.head()));
}

std::string header(const http::ServerResponse& response, std::string_view name) {
  for (auto& [key, value] : response.headers) {
    if (key == name) return std::string(value);
  }
  return "(none)";
}

TEST(Page, the_first_page_is_asked_for_again_and_its_files_are_kept) {
  auto page = serve_page(Asked{.target = "/"}.head());
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body.text.text(), HasSubstr("<div id=\"root\">"));
  EXPECT_EQ(header(page, "cache-control"), "no-cache");
  EXPECT_EQ(header(page, "x-content-type-options"), "nosniff");
  EXPECT_EQ(header(page, "referrer-policy"), "no-referrer");
  EXPECT_THAT(header(page, "content-security-policy"), StartsWith("default-src 'none';"));
  for (const Asset& asset : assets()) {
    if (asset.path == "/") continue;
    auto file = serve_page(Asked{.target = std::string(asset.path)}.head());
    EXPECT_EQ(file.status, 200) << asset.path;
    EXPECT_EQ(header(file, "cache-control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(file.body.text.view(), asset.bytes);
  }
  EXPECT_EQ(serve_page(Asked{.target = "/assets/none.js"}.head()).status, 404);
}

TEST(Page, it_is_gzipped_for_who_accepts_that) {
  auto gzipped = serve_page(Asked{.target = "/"}.with("accept-encoding", "br, gzip;q=0.8").head());
  EXPECT_EQ(header(gzipped, "content-encoding"), "gzip");
  EXPECT_THAT(gzipped.body.text.text(), StartsWith("\x1f\x8b"));
  for (auto* refusing : {"", "br", "gzip;q=0", "gzip; q=0.0"}) {
    auto plain = serve_page(Asked{.target = "/"}.with("accept-encoding", refusing).head());
    EXPECT_EQ(header(plain, "content-encoding"), "(none)") << refusing;
  }
}

TEST(Page, what_is_known_by_its_etag_is_not_sent_again) {
  auto etag = header(serve_page(Asked{.target = "/"}.head()), "etag");
  auto ask = [&](std::string value) {
    return serve_page(Asked{.target = "/"}.with("if-none-match", std::move(value)).head()).status;
  };
  EXPECT_EQ(ask(etag), 304);
  EXPECT_EQ(ask("\"other\", W/" + etag), 304);
  EXPECT_EQ(ask("\"other\""), 200);
  auto gzipped = serve_page(Asked{.target = "/"}.with("accept-encoding", "gzip").head());
  EXPECT_NE(header(gzipped, "etag"), etag);
}

}  // namespace
}  // namespace berth::console
