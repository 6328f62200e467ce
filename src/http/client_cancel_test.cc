#include "http/client_cancel_suite.h"

namespace berth::http {
namespace {

TEST_F(ClientCancelTest, a_request_on_a_connection_of_its_own) {
  answer("GET", "/x", "there");
  stop_everywhere(
      [&] {
        made.reset();  // so that it must connect
        simulation.run_for(1s);
        return text_of(session().get("http://10.0.0.2/x"));
      },
      "there", 10);
}

TEST_F(ClientCancelTest, a_request_on_a_kept_connection) {
  answer("GET", "/x", "there");
  stop_everywhere([&] { return text_of(session().get("http://10.0.0.2/x")); }, "there", 5);
}

TEST_F(ClientCancelTest, a_request_that_waits_for_another) {
  options.client.connections_per_address_max = 1;
  answer_late("/late", 10ms);
  stop_everywhere(
      [&]() -> Deferred<std::string> {
        auto first = text_of(session().get("http://10.0.0.2/late"));
        auto second = text_of(session().get("http://10.0.0.2/late"));
        std::string text = co_await std::move(second);
        co_return text + co_await std::move(first);
      },
      "latelate", 20);
}

TEST_F(ClientCancelTest, an_upload_that_is_answered_while_it_goes_on) {
  router.add("POST", "/echo", [](ServerRequest& request) {
    return ready(ServerResponse{200, {}, Body(std::make_unique<EchoedSource>(*request.content))});
  });
  stop_everywhere(
      [&] {
        RequestOptions how;
        how.content = Content::stream(std::make_unique<SlowSource>(here.clock), "text/plain");
        return text_of(session().post("http://10.0.0.2/echo", std::move(how)));
      },
      "xxx", 20);
}

TEST_F(ClientCancelTest, all_at_once_name_tunnel_tls_files_repeats_redirects) {
  run(here.disk.replace_file("/file", "content")).value();
  options.client.proxy = Proxy{parse_url("http://proxy:3128").value(), "", {"10.0.0.2"}};
  options.client.resolver = &resolver;
  options.client.secure = no_tls();
  options.retries.budget = 10;
  resolver.names["proxy"] = {there.address(0)};
  router.add("PUT", "/start", [this](ServerRequest& request) -> Deferred<ServerResponse> {
    co_await request.body();
    if (++attempts == 1) co_return ServerResponse::text("not now", 503);
    co_return ServerResponse{307, {{"location", "/end"}, {"set-cookie", "a=b"}}, "there"};
  });
  router.add("PUT", "/end", [](ServerRequest& request) -> Deferred<ServerResponse> {
    std::string body = co_await request.body();
    bool whole = body.find("content\r\n--") != body.npos;
    co_return ServerResponse::text(std::string(request.head.headers.value("cookie")) +
                                   (whole ? " and all" : " not all"));
  });
  stop_everywhere(
      [&] {
        made.reset();
        simulation.run_for(1s);
        RequestOptions how;
        how.content = Content::multipart({Part::file(here.disk, "f", "/file")}, here.random);
        return text_of(session().put("https://users/start", std::move(how)));
      },
      "a=b and all", 60);
}

}  // namespace
}  // namespace berth::http
