#include <gtest/gtest.h>

#include <atomic>

#include "http/h1_parser.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/gateway/visit.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BERTH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BERTH_SANITIZED 1
#endif
#endif

#ifdef BERTH_SANITIZED
// The sanitizers stand in malloc's place and let others listen.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*,
                                                                           std::size_t),
                                                         void (*freed)(const volatile void*));
[[maybe_unused]] const int listening = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocations; }, [](const volatile void*) {});
#else
extern "C" {
void* __libc_malloc(std::size_t);
void* malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
}
#endif

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
      std::size_t before = allocations;
      auto next = visit.begin(gateway, head, WallTime{});
      out.clear();
      if (next == Visit::Next::pass) visit.append_request_head(out, head);
      std::size_t made = allocations - before;
      passed += next == Visit::Next::pass;
      if (round == 2) EXPECT_EQ(made, 0U) << path;
    }
  }
  EXPECT_EQ(passed, 12);
  EXPECT_GT(allocations, 0U);  // they are counted at all
}

}  // namespace
}  // namespace berth::proxy::gateway
