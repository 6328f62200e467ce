#include <gtest/gtest.h>

#include "async/allocations_suite.h"
#include "http/h1_parser.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/gateway/visit.h"

namespace berth::proxy::gateway {
namespace {

std::string many_routes() {
  std::string text =
      "[listener.web]\nlisten = \"tcp:8080\"\n"
      "[service.users]\ninstances = [\"127.0.0.1:9001\"]\n";
  for (int i = 0; i < 300; ++i) {
    std::string n = std::to_string(i);
    text += "[route.prefix" + n + "]\nhost = \"*.h" + n + ".example\"\nprefix = \"/p" + n +
            "\"\nservice = \"users\"\n[route.exact" + n + "]\npath = \"/e" + n +
            "/{id}/x\"\nservice = \"users\"\n[route.regex" + n + "]\nregex = \"/r" + n +
            "/[0-9]+\"\nservice = \"users\"\n";
  }
  return text;
}

TEST(GatewayAllocations, finding_a_route_and_writing_its_head_allocate_nothing) {
  auto file = read_proxy_file(many_routes(), "proxy.toml", "", [](const std::string& path) {
    return Result<std::string>(Error(Code::not_found, path));
  });
  ASSERT_TRUE(file.ok()) << file.error().text();
  std::shared_ptr<const Gateway> gateway = file->gateway;
  Visit visit(gateway->entrances[0], Address::parse("192.0.2.1:4000").value());
  std::string out;
  out.reserve(4096);
  int passed = 0;
  for (int round = 0; round < 3; ++round) {  // expressions build their automata as they go
    for (auto* path : {"/p7/a/b", "/e299/7/x", "/r150/12345", "/p7/"}) {
      std::string text = "GET " + std::string(path) +
                         "?a=b HTTP/1.1\r\nHost: a.H7.example:8080\r\nAccept: x\r\n\r\n";
      auto head = http::parse_request(Bytes::copy(text)).value();
      std::size_t before = malloc_calls();
      auto next = visit.begin(gateway, head, WallTime{});
      out.clear();
      if (next == Visit::Next::pass) visit.append_request_head(out, head);
      std::size_t made = malloc_calls() - before;
      passed += next == Visit::Next::pass;
      if (round == 2) EXPECT_EQ(made, 0U) << path;
    }
  }
  EXPECT_EQ(passed, 12);
  EXPECT_GT(malloc_calls(), 0U);  // they are counted at all
}

}  // namespace
}  // namespace berth::proxy::gateway
