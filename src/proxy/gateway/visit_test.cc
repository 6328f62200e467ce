#include "proxy/gateway/visit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/authorization.h"
#include "http/h1_parser.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/gateway/token_suite.h"

namespace berth::proxy::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Next = Visit::Next;

const std::string beginning = R"(
[proxy]
trusted_proxies = ["10.0.0.0/8"]
[listener.web]
listen = "tcp:8080"
[service.users]
instances = ["127.0.0.1:9001"]
)";

/// One client's requests through what a file says.
struct VisitTest : ::testing::Test {
  std::shared_ptr<Gateway> gateway;
  std::map<std::string, std::string> files;
  std::string peer = "203.0.113.9";
  bool secured = false;
  std::unique_ptr<Visit> visit;
  http::RequestHead head;

  void file(const std::string& more) {
    auto read =
        read_proxy_file(beginning + more, "proxy.toml", "", [this](const std::string& path) {
          auto found = files.find(path);
          return found == files.end() ? Result<std::string>(Error(Code::not_found, path))
                                      : Result<std::string>(found->second);
        });
    ASSERT_TRUE(read.ok()) << read.error().text();
    gateway = read->gateway;
  }
  Next ask(const std::string& line, const std::string& fields = "", bool again = false) {
    auto entrance = std::make_shared<Entrance>(*gateway->entrances[0]);
    entrance->secured = secured;
    visit = std::make_unique<Visit>(entrance, Address::parse(peer).value().with_port(4000));
    std::string text = line + " HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
    head = http::parse_request(Bytes::copy(text)).value();
    return visit->begin(gateway, head, WallTime{1'800'000'000'000'000'000}, again);
  }
  /// What goes to the service.
  std::string sent(const std::string& line, const std::string& fields = "") {
    if (ask(line, fields) != Next::pass) return "answered " + std::to_string(visit->status());
    std::string out;
    visit->append_request_head(out, head);
    return out;
  }
  /// Our own answer.
  std::string own(const std::string& line, const std::string& fields = "", bool again = false) {
    if (ask(line, fields, again) != Next::answer) return "passed";
    std::string out;
    visit->append_own(out, visit->status(), visit->reason(), false, true);
    return out;
  }
  /// What the service's answer gets.
  std::string added(const std::string& line, const std::string& fields = "") {
    EXPECT_EQ(ask(line, fields), Next::pass);
    std::string out;
    visit->append_answer_fields(out);
    return out;
  }
};

TEST_F(VisitTest, a_request_goes_on_with_who_sent_it) {
  file("[route.all]\nservice = \"users\"");
  EXPECT_EQ(sent("GET /x?y=1",
                 "X-Real-IP: 1.1.1.1\r\nAccept: a\r\nConnection: accept-x\r\nAccept-X: 1\r\n"),
            "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nAccept: a\r\n"
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: a.example\r\n"
            "Forwarded: for=203.0.113.9;proto=http;host=\"a.example\"\r\n");
  EXPECT_EQ(visit->service(), "users");
}

TEST_F(VisitTest, no_route_is_a_404_and_a_strange_path_a_400) {
  file("[route.all]\nprefix = \"/a\"\nservice = \"users\"");
  EXPECT_THAT(own("GET /b"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(own("GET /b"), HasSubstr("X-Berth-Reason: nothing public is at a.example/b\r\n"));
  EXPECT_THAT(own("GET /a%2fb"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(own("GET /x/../../a"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(VisitTest, another_spelling_of_a_path_meets_the_same_route_and_goes_on_in_its_normal_form) {
  file(
      "[route.all]\nservice = \"users\"\n"
      "[route.admin]\nprefix = \"/admin\"\nservice = \"users\"\nallow = [\"192.0.2.0/24\"]");
  for (auto* path : {"/admin", "/admin/x", "//admin", "/x/../admin", "/%61dmin", "/./admin/x"}) {
    EXPECT_THAT(own("GET " + std::string(path)), StartsWith("HTTP/1.1 403")) << path;
  }
  EXPECT_THAT(sent("GET /x/../y?z=/../"), StartsWith("GET /y?z=/../ HTTP/1.1\r\n"));
  EXPECT_THAT(sent("OPTIONS *"), StartsWith("OPTIONS * HTTP/1.1\r\n"));
}

TEST_F(VisitTest, rewrites_by_prefix_parameter_and_expression) {
  file(R"toml(
[route.api]
prefix = "/api/v1"
service = "users"
rewrite = "/"
[route.one]
path = "/users/{id}/orders/{order}"
service = "users"
rewrite = "/o/{order}?user={id}"
[route.old]
regex = "/old/([a-z]+)-([0-9]+)"
service = "users"
rewrite = "/new/\\2/\\1"
[route.part]
prefix = "/part"
service = "users"
rewrite = { regex = "[0-9]+", to = "N" }
[route.host]
prefix = "/host"
service = "users"
upstream_host = "inner.example"
)toml");
  EXPECT_THAT(sent("GET /api/v1/x/y?q=1"), StartsWith("GET /x/y?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(sent("GET /api/v1"), StartsWith("GET / HTTP/1.1\r\n"));
  EXPECT_THAT(sent("GET /users/7/orders/9?q=1"), StartsWith("GET /o/9?user=7&q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(sent("GET /old/ab-12"), StartsWith("GET /new/12/ab HTTP/1.1\r\n"));
  EXPECT_THAT(sent("GET /part/a12/3"), StartsWith("GET /part/aN/3 HTTP/1.1\r\n"));
  EXPECT_THAT(sent("GET /host"), StartsWith("GET /host HTTP/1.1\r\nHost: inner.example\r\nX-Forw"));
}

TEST_F(VisitTest, redirects_and_answers_of_its_own) {
  file(R"(
[route.moved]
path = "/old/{id}"
redirect = { to = "https://{host}/new/{id}?{query}", status = 301 }
[route.robots]
path = "/robots.txt"
respond = { text = "User-agent: *\n", type = "text/plain" }
)");
  EXPECT_THAT(own("GET /old/7?a=b"), StartsWith("HTTP/1.1 301 Moved Permanently\r\n"));
  EXPECT_THAT(own("GET /old/7?a=b"), HasSubstr("Location: https://a.example/new/7?a=b\r\n"));
  EXPECT_THAT(own("GET /robots.txt"), testing::EndsWith("\r\n\r\nUser-agent: *\n"));
  EXPECT_THAT(own("GET /robots.txt"), HasSubstr("Content-Length: 14\r\n"));
}

TEST_F(VisitTest, header_rules_set_add_and_remove_both_ways) {
  file(R"(
[route.all]
service = "users"
request_headers = { set = { X-Client = "{client}" }, add = { X-Tag = "b" }, remove = ["Cookie"] }
response_headers = { set = { Server = "berth" }, remove = ["X-Powered-By"] }
)");
  auto out = sent("GET /", "X-Client: me\r\nX-Tag: a\r\nCookie: c\r\n");
  EXPECT_THAT(out, Not(HasSubstr("X-Client: me")));
  EXPECT_THAT(out, Not(HasSubstr("Cookie")));
  EXPECT_THAT(out, HasSubstr("X-Tag: a\r\n"));
  EXPECT_THAT(out, testing::EndsWith("X-Client: 203.0.113.9\r\nX-Tag: b\r\n"));
  EXPECT_EQ(added("GET /"), "Server: berth\r\n");
  EXPECT_FALSE(visit->keeps("server"));
  EXPECT_FALSE(visit->keeps("x-powered-by"));
  EXPECT_TRUE(visit->keeps("content-type"));
}

TEST_F(VisitTest, addresses_are_allowed_and_denied_by_the_client_behind_trusted_proxies) {
  file("[route.all]\nservice = \"users\"\nallow = [\"192.0.2.0/24\"]\ndeny = [\"192.0.2.7\"]");
  EXPECT_THAT(own("GET /", "X-Forwarded-For: 192.0.2.1\r\n"), StartsWith("HTTP/1.1 403"));
  peer = "10.0.0.1";
  EXPECT_THAT(sent("GET /", "X-Forwarded-For: 192.0.2.1\r\n"), StartsWith("GET / "));
  EXPECT_THAT(own("GET /", "X-Forwarded-For: 192.0.2.7\r\n"), StartsWith("HTTP/1.1 403"));
}

TEST_F(VisitTest, maintenance_is_a_503_with_its_page_but_not_for_those_who_look_after_it) {
  files["/down.html"] = "<h1>back soon</h1>";
  file(R"(
[route.all]
service = "users"
maintenance = { retry_after = "2m", except = ["192.0.2.1"] }
pages = [{ status = 503, file = "/down.html" }]
)");
  auto out = own("GET /");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html"));
  EXPECT_THAT(out, HasSubstr("Retry-After: 120\r\n"));
  EXPECT_THAT(out, testing::EndsWith("<h1>back soon</h1>"));
  peer = "192.0.2.1";
  EXPECT_THAT(sent("GET /"), StartsWith("GET / "));
}

TEST_F(VisitTest, plain_http_is_sent_to_https_and_https_tells_to_come_again_so) {
  file(
      "[route.all]\nservice = \"users\"\nhttps_only = true\n"
      "hsts = { max_age = \"365d\", subdomains = true }");
  EXPECT_THAT(own("GET /a?b"), HasSubstr("Location: https://a.example/a?b\r\n"));
  EXPECT_THAT(own("GET /a?b"), Not(HasSubstr("Strict-Transport")));
  secured = true;
  EXPECT_EQ(added("GET /a"), "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n");
  EXPECT_FALSE(visit->keeps("strict-transport-security"));
}

TEST_F(VisitTest, bodies_that_say_they_are_too_long_are_refused_before_they_come) {
  file("[route.all]\nservice = \"users\"\nbody_bytes_max = \"1KiB\"\ntimeout = \"3s\"");
  EXPECT_THAT(own("POST /", "Content-Length: 1025\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(sent("POST /", "Content-Length: 1024\r\n"), StartsWith("POST / "));
  EXPECT_EQ(visit->body_bytes_max(), 1024U);
  EXPECT_EQ(visit->timeout(), 3s);
}

TEST_F(VisitTest, pages_of_other_origins_may_call_where_cors_says_so) {
  file(R"(
[route.all]
service = "users"
cors = { origins = ["https://*.b.example"], credentials = true, exposed = "X-Total", keep_for = "1h" }
)");
  std::string good = "Origin: https://x.b.example\r\n";
  EXPECT_EQ(added("GET /", good),
            "Access-Control-Allow-Origin: https://x.b.example\r\n"
            "Access-Control-Allow-Credentials: true\r\n"
            "Access-Control-Expose-Headers: X-Total\r\nVary: Origin\r\n");
  EXPECT_FALSE(visit->keeps("access-control-allow-origin"));
  EXPECT_EQ(added("GET /", "Origin: https://evil.example\r\n"), "Vary: Origin\r\n");
  auto preflight = own("OPTIONS /", good +
                                        "Access-Control-Request-Method: PUT\r\n"
                                        "Access-Control-Request-Headers: x-a\r\n");
  EXPECT_THAT(preflight, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(preflight, HasSubstr("Access-Control-Allow-Headers: x-a\r\n"));
  EXPECT_THAT(preflight, HasSubstr("Access-Control-Max-Age: 3600\r\n"));
  EXPECT_THAT(preflight, Not(HasSubstr("Content-Length")));
}

TEST_F(VisitTest, basic_authentication_lets_in_who_knows_the_password) {
  file(R"(
[auth.staff]
users = { ann = "secret", bob = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b" }
user_header = "X-User"
hide = true
[route.all]
service = "users"
auth = "staff"
)");
  auto none = own("GET /");
  EXPECT_THAT(none, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(none, HasSubstr("WWW-Authenticate: Basic realm=\"staff\", charset=\"UTF-8\"\r\n"));
  auto as = [](const std::string& name, const std::string& password) {
    return "Authorization: " + http::basic(name, password) + "\r\nX-User: root\r\n";
  };
  auto out = sent("GET /", as("ann", "secret"));
  EXPECT_THAT(out, HasSubstr("X-User: ann\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("X-User: root")));
  EXPECT_THAT(out, Not(HasSubstr("Authorization")));
  EXPECT_THAT(sent("GET /", as("bob", "secret")), HasSubstr("X-User: bob\r\n"));
  for (auto& wrong :
       {as("ann", "Secret"), as("eve", "secret"), as("", ""),
        std::string("Authorization: Basic !!\r\n"), std::string("Authorization: Bearer x\r\n")}) {
    EXPECT_THAT(own("GET /", wrong), StartsWith("HTTP/1.1 401")) << wrong;
  }
}

TEST_F(VisitTest, api_keys_are_read_from_their_header_or_the_query) {
  file(R"(
[auth.partners]
keys = { acme = "k-123", globex = "k-456" }
header = "X-Key"
parameter = "key"
user_header = "X-Partner"
[route.all]
service = "users"
auth = ["partners"]
)");
  EXPECT_THAT(sent("GET /", "X-Key: k-456\r\n"), HasSubstr("X-Partner: globex\r\n"));
  EXPECT_THAT(sent("GET /?key=k-123"), HasSubstr("X-Partner: acme\r\n"));
  EXPECT_THAT(own("GET /?key=k-124"), HasSubstr("X-Berth-Reason: no such key\r\n"));
  EXPECT_THAT(own("GET /"), StartsWith("HTTP/1.1 401"));
}

TEST_F(VisitTest, tokens_are_verified_and_their_claims_told) {
  auto key = TestKey::make("ES256", "k1");
  files["/keys.json"] = jwks({key});
  file(R"(
[auth.login]
jwks = "/keys.json"
issuer = "me"
audiences = ["shop"]
claims = { X-Mail = "email" }
user_header = "X-User"
[route.all]
service = "users"
auth = "login"
)");
  std::string claims = R"({"iss":"me","aud":"shop","sub":"ann","email":"a@b","exp":1800000100})";
  auto out = sent("GET /", "Authorization: Bearer " + key.token(claims) + "\r\nX-Mail: root@b\r\n");
  EXPECT_THAT(out, HasSubstr("X-User: ann\r\nX-Mail: a@b\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("root@b")));
  std::string forged = R"({"iss":"me","aud":"shop","sub":"a\r\nX: y","exp":1800000100})";
  EXPECT_THAT(sent("GET /", "Authorization: Bearer " + key.token(forged) + "\r\n"),
              Not(HasSubstr("X: y")));
  auto expired =
      own("GET /", "Authorization: Bearer " +
                       key.token(R"({"iss":"me","aud":"shop","exp":1700000000})") + "\r\n");
  EXPECT_THAT(expired, HasSubstr("error=\"invalid_token\""));
  EXPECT_THAT(expired, HasSubstr("X-Berth-Reason: the token has expired\r\n"));
}

/// Keys that come when they are asked for.
struct LateKeys final : KeySource {
  bool may_renew() const override { return true; }
  Deferred<void> renew() override {
    set(next);
    return ready();
  }
  std::shared_ptr<const KeySet> next;
};

TEST_F(VisitTest, an_unknown_key_is_asked_for_once) {
  auto key = TestKey::make("HS256", "new");
  file(
      "[auth.login]\njwks_url = \"http://127.0.0.1:1/keys\"\n"
      "[route.all]\nservice = \"users\"\nauth = \"login\"");
  auto late = std::make_shared<LateKeys>();
  gateway->authentications[0]->source = late;
  std::string field =
      "Authorization: Bearer " + key.token(R"({"sub":"a","exp":1800000100})") + "\r\n";
  EXPECT_EQ(ask("GET /", field), Next::wait_for_keys);
  EXPECT_THAT(own("GET /", field, true), HasSubstr("could not be fetched yet"));
  ASSERT_EQ(ask("GET /", field), Next::wait_for_keys);
  late->next = std::make_shared<const KeySet>(KeySet::parse(jwks({key})).value());
  auto renewed = visit->renew_keys();
  EXPECT_FALSE(renewed.pending());
  EXPECT_EQ(ask("GET /", field), Next::pass);
}

TEST_F(VisitTest, pages_of_the_whole_proxy_are_for_what_has_no_route) {
  gateway = nullptr;
  file("[route.all]\nprefix = \"/a\"\nservice = \"users\"");
  gateway->pages = {{0, "text/html", "oops"}, {404, "text/html", "lost"}};
  EXPECT_THAT(own("GET /b"), testing::EndsWith("\r\n\r\nlost"));
  EXPECT_THAT(own("GET /%00"), testing::EndsWith("\r\n\r\noops"));
}

TEST_F(VisitTest, who_may_not_come_does_not_see_what_the_route_answers) {
  file(R"toml(
[auth.staff]
users = { ann = "secret" }
[route.closed]
prefix = "/closed"
respond = { text = "for friends" }
deny = ["203.0.113.9"]
[route.staff]
respond = { status = 401, text = "for staff" }
auth = "staff"
)toml");
  EXPECT_THAT(own("GET /closed"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(own("GET /closed"), Not(HasSubstr("friends")));
  EXPECT_THAT(own("GET /"), Not(HasSubstr("for staff")));
  std::string ann = http::basic("ann", "secret");
  EXPECT_THAT(own("GET /", "Authorization: " + ann + "\r\n"), HasSubstr("for staff"));
}

TEST_F(VisitTest, an_answer_of_our_own_tells_when_to_come_again) {
  file("[route.all]\nservice = \"users\"");
  ASSERT_EQ(ask("GET /"), Next::pass);
  visit->retry_after(1500ms);
  std::string out;
  visit->append_own(out, 429, "too many", false, true);
  EXPECT_THAT(out, HasSubstr("Retry-After: 2\r\n"));
}

}  // namespace
}  // namespace berth::proxy::gateway
