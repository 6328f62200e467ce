#include <cstdint>

#include "base/check.h"
#include "proxy/gateway/path.h"

// A normal form is one: it stays the same when it is made again, has no dot segment, and no way
// around by encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::proxy::gateway;
  if (size < 2) return 0;
  PathRules rules;
  rules.merge_slashes = (data[0] & 1) != 0;
  rules.encoded_slashes = (data[0] & 2) != 0;
  std::string path = "/" + std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string scratch;
  std::string_view view;
  if (normal_path(path, rules, scratch, view) != PathFault::none) return 0;
  std::string once(view);
  check(once.starts_with('/') && once.size() <= path.size(), "a path that grew, or none");
  std::string other;
  check(normal_path(once, rules, other, view) == PathFault::none && view == once,
        "a normal form that has another one");
  for (auto* dots : {"/../", "/./"}) {
    check(once.find(dots) == once.npos, "a dot segment stayed");
  }
  check(!once.ends_with("/..") && !once.ends_with("/."), "a dot segment stayed at the end");
  check(!rules.merge_slashes || once.find("//") == once.npos, "slashes stayed");
  return 0;
}
