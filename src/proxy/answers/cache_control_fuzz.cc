#include <cstdint>
#include <string>

#include "base/check.h"
#include "proxy/answers/cache_control.h"
#include "proxy/answers/http_date.h"

// Cache-Control and dates as strangers write them: the cursor ends and stays within the field, and
// a date that can be read is written and read as the same.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto inside = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
  };
  std::size_t count = 0;
  for (proxy::DirectiveCursor cursor(text); cursor.next();) {
    check(inside(cursor.name()) && inside(cursor.value()) && ++count <= size, "within the field");
  }
  http::Headers headers;
  headers.add_view("cache-control", text);
  proxy::request_directives(headers);
  auto says = proxy::answer_directives(headers);
  check(!says.max_age || *says.max_age >= Duration(0), "no negative lifetime");
  WallTime now{1'700'000'000'000'000'000};
  if (auto date = proxy::parse_http_date(text, now)) {
    std::string written;
    proxy::append_http_date(written, *date);
    check(proxy::parse_http_date(written, now) == date, "a date is read as it was written");
  }
  return 0;
}
