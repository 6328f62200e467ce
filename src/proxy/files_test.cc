#include "proxy/content_suite.h"
#include "proxy/control_site.h"
#include "tls/authority_suite.h"
#include "tls/handshake.h"

// Files as what a route leads to.

namespace berth::proxy {
namespace {

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
