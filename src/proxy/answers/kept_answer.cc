#include "proxy/answers/kept_answer.h"

#include <cstring>

#include "base/sealed.h"

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
  append_sealed(out, payload);
}

std::optional<KeptAnswer> take_record(std::string_view& log) {
  std::string_view rest = log;
  auto sealed = take_sealed(rest, rest.size());
  if (!sealed) return {};
  std::string_view payload = *sealed;
  std::uint32_t head = 0;
  KeptAnswer answer;
  if (!take_number(payload, answer.key) || !take_number(payload, answer.fingerprint) ||
      !take_number(payload, answer.expires) || !take_number(payload, head) ||
      payload.size() < head) {
    return {};
  }
  answer.head = payload.substr(0, head);
  answer.body = payload.substr(head);
  log = rest;
  return answer;
}

}  // namespace berth::proxy
