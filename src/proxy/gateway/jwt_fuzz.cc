#include <cstdint>

#include "base/check.h"
#include "proxy/gateway/jwt.h"

// Any text is refused as a token or a key set, or read; nothing that was not signed with a secret
// is believed. The first line is the token, what is behind it the key set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::proxy::gateway;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t line = text.find('\n');
  std::string_view token = text.substr(0, line);
  WallTime now{1'800'000'000'000'000'000};
  static const KeySet own = KeySet::of_secret("a secret that no input can know: 7f3a91").value();
  check(!verified_token(token, own, {}, now).ok(), "a token that nobody has signed");
  if (line == text.npos) return 0;
  auto keys = KeySet::parse(text.substr(line + 1));
  if (!keys.ok()) return 0;
  check(keys->size() > 0, "a set of no keys");
  auto verified = verified_token(token, *keys, {}, now);
  if (verified.ok()) check(verified->is_object(), "claims that are no object");
  return 0;
}
