#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/strings.h"
#include "http/cookie_jar.h"
#include "http/h1_writer.h"

// Lines of Set-Cookie fields, set by one URL and asked for by others: limits hold, and what is sent
// can stand in a head.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::http;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Url urls[] = {*parse_url("https://a.example.com/x/y?z"),
                             *parse_url("http://a.example.com/x"),
                             *parse_url("http://example.com/"), *parse_url("http://10.0.0.1/"),
                             *parse_url("http://users/")};
  constexpr CookieLimits limits{3, 5};
  CookieJar jar(limits);
  WallTime now{1'800'000'000'000'000'000};
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    const Url& setter = urls[number++ % std::size(urls)];
    jar.receive(setter, line, now);
    now = now + 1s;
    check(jar.size() <= limits.cookies_max, "more cookies than the limit");
    for (const Url& url : urls) {
      std::string field = jar.field_for(url, now);
      check(writable_value(field), "a cookie that breaks out of its field");
      check(split(field, ';').size() <= limits.cookies_max * 10, "cookies out of nothing");
    }
    if (auto cookie = parse_set_cookie(line)) {
      check(!cookie->name.empty(), "a cookie without a name");
      std::string again = cookie->name + "=" + cookie->value;
      auto same = parse_set_cookie(again);
      check(same && same->name == cookie->name && same->value == cookie->value,
            "a cookie that reads differently when it is sent back");
    }
  }
  return 0;
}
