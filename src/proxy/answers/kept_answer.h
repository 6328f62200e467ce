#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::proxy {

/// The answer to the first request with an Idempotency-Key, as it is kept for repeats.
struct KeptAnswer {
  std::uint64_t key = 0;          // the hash of service, caller and key
  std::uint64_t fingerprint = 0;  // the hash of method, target and content
  std::int64_t expires = 0;       // wall time, ns
  std::string head;               // from the status line to the empty line
  std::string body;               // as it came, chunk lines too
  std::size_t bytes() const { return head.size() + body.size(); }
  bool operator==(const KeptAnswer&) const = default;
};

// One record of the log (docs/formats/idempotency.md): length and checksum, then what was kept.
void append_record(std::string& out, const KeptAnswer& answer);
/// Takes the first record off the front of `log`; nothing where it is cut or damaged.
std::optional<KeptAnswer> take_record(std::string_view& log);

}  // namespace berth::proxy
