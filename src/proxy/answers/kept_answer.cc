#include "proxy/answers/kept_answer.h"

#include <cstring>

#include "base/hash.h"

namespace berth::proxy {
namespace {

template <class T>
void append_number(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

template <class T>
bool take_number(std::string_view& from, T& value) {
  if (from.size() < sizeof(T)) return false;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bits |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  value = static_cast<T>(bits);
  from.remove_prefix(sizeof(T));
  return true;
}

}  // namespace

void append_record(std::string& out, const KeptAnswer& answer) {
  std::string payload;
  append_number(payload, answer.key);
  append_number(payload, answer.fingerprint);
  append_number(payload, answer.expires);
  append_number(payload, static_cast<std::uint32_t>(answer.head.size()));
  payload.append(answer.head).append(answer.body);
  append_number(out, static_cast<std::uint32_t>(payload.size()));
  append_number(out, crc32c(payload));
  out.append(payload);
}

std::optional<KeptAnswer> take_record(std::string_view& log) {
  std::string_view rest = log;
  std::uint32_t size = 0, sum = 0, head = 0;
  if (!take_number(rest, size) || !take_number(rest, sum) || rest.size() < size) return {};
  std::string_view payload = rest.substr(0, size);
  if (crc32c(payload) != sum) return {};
  KeptAnswer answer;
  if (!take_number(payload, answer.key) || !take_number(payload, answer.fingerprint) ||
      !take_number(payload, answer.expires) || !take_number(payload, head) ||
      payload.size() < head) {
    return {};
  }
  answer.head = payload.substr(0, head);
  answer.body = payload.substr(head);
  log = rest.substr(size);
  return answer;
}

}  // namespace berth::proxy
