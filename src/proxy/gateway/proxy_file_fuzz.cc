#include <cstdint>

#include "base/check.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/gateway/visit.h"

// Any file is read, or told to be wrong with a place; what was read answers requests, and never
// with a head that has another line in it than it should.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::proxy::gateway;
  std::string text(reinterpret_cast<const char*>(data), size);
  auto read = read_proxy_file(text, "proxy.toml", "/etc", [](const std::string& path) {
    return Result<std::string>("content of " + path);
  });
  if (!read.ok()) {
    check(read.error().message().find("proxy.toml:") != std::string_view::npos ||
              read.error().is(Code::overloaded),
          "a file that is wrong nowhere");
    return 0;
  }
  auto& gateway = read->gateway;
  check(!gateway->entrances.empty(), "a file without a listener");
  for (auto* target : {"/", "/a/b?c=d", "/%2e%2e/x", "//a", "/v1/users/7", "/a%2fb", "*"}) {
    for (auto* method : {"GET", "OPTIONS"}) {
      http::RequestHead head;
      head.method = method;
      head.target = target;
      head.headers.add_view("Host", "api.example");
      head.headers.add_view("Origin", "https://a.example");
      head.headers.add_view("Access-Control-Request-Method", "GET");
      Visit visit(gateway->entrances[0], Address::loopback(1));
      auto next = visit.begin(gateway, head, WallTime{});
      std::string out;
      if (next == Visit::Next::pass) visit.append_request_head(out, head);
      if (next == Visit::Next::answer) {
        visit.append_own(out, visit.status(), visit.reason(), false, false);
      }
      for (std::size_t at = out.find('\n'); at != out.npos; at = out.find('\n', at + 1)) {
        check(at > 0 && out[at - 1] == '\r', "a line end that nobody wrote");
      }
    }
  }
  return 0;
}
