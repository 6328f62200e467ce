#include "tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/check.h"

namespace berth::tls {
namespace {

void fill(std::span<unsigned char> bytes) {
  check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
        "no randomness is to be had");
}

}  // namespace

TicketKeys::~TicketKeys() {
  for (Key& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

void TicketKeys::rotate(MonotonicTime now) {
  std::lock_guard lock(mutex_);
  while (!keys_.empty() && now - keys_.back().made >= sealing_time + opening_time) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Key));
    keys_.pop_back();
  }
  if (!keys_.empty() && now - keys_.front().made < sealing_time) return;
  Key& key = keys_.emplace_front();
  fill(key.name);
  fill(key.cipher);
  fill(key.mac);
  key.made = now;
}

TicketKeys::Key TicketKeys::newest() const {
  std::lock_guard lock(mutex_);
  return keys_.front();
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const unsigned char, 16> name) const {
  std::lock_guard lock(mutex_);
  for (const Key& key : keys_) {
    if (std::ranges::equal(key.name, name)) return Found{key, &key == &keys_.front()};
  }
  return std::nullopt;
}

}  // namespace berth::tls
