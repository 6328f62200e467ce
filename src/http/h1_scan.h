#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// How the HTTP/1.1 parser looks at bytes: sixteen at a time with SSE2, which every x86-64 has, and
/// by table for what is left and elsewhere. Each function answers with the first byte of [at, end)
/// that does not belong, or end; none reads outside of it.
namespace berth::http::scan {

namespace detail {
/// tchar of RFC 9110 section 5.6.2.
inline constexpr std::array<bool, 256> token = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();
/// What a field's value may hold: visible, space, tab and above 127 (RFC 9110 section 5.5).
inline constexpr std::array<bool, 256> value = [] {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}();
/// What may stand in a request's target: visible ASCII but for the fragment's mark.
inline constexpr std::array<bool, 256> target = [] {
  std::array<bool, 256> table{};
  for (int c = 0x21; c < 0x7f; ++c) table[c] = c != '#';
  return table;
}();
/// A name or an address of version 4 (reg-name of RFC 3986 section 3.2.2).
inline constexpr std::array<bool, 256> host = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
  for (char c : std::string_view("-._~!$&'()*+,;=%")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

inline const char* by_table(const char* at, const char* end, const std::array<bool, 256>& table) {
  while (at != end && table[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

#if defined(__SSE2__)
inline __m128i load(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
inline __m128i is(__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }
inline __m128i at_most(__m128i bytes, char c) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(c)), bytes);
}
inline __m128i within(__m128i bytes, char first, char last) {
  return at_most(_mm_sub_epi8(bytes, _mm_set1_epi8(first)), static_cast<char>(last - first));
}
/// One bit a byte.
inline unsigned mask(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }
#endif
}  // namespace detail

/// A method or a field's name: tokens.
inline const char* token_end(const char* at, const char* end) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    // Names are letters and hyphens, nearly always; what else a token may hold the table knows.
    __m128i bytes = detail::load(at);
    __m128i letters = detail::within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    unsigned others = ~detail::mask(_mm_or_si128(letters, detail::is(bytes, '-'))) & 0xffffu;
    if (others == 0) {
      at += 16;
      continue;
    }
    at += std::countr_zero(others);
    if (!detail::token[static_cast<unsigned char>(*at)]) return at;
    ++at;
  }
#endif
  return detail::by_table(at, end, detail::token);
}

/// A field's value with the blanks around it.
inline const char* value_end(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    __m128i bytes = detail::load(at);
    __m128i control = _mm_andnot_si128(detail::is(bytes, '\t'), detail::at_most(bytes, 0x1f));
    unsigned bad = detail::mask(_mm_or_si128(control, detail::is(bytes, 0x7f)));
    if (bad != 0) return at + std::countr_zero(bad);
  }
#endif
  return detail::by_table(at, end, detail::value);
}

/// A request's target.
inline const char* target_end(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    __m128i bytes = detail::load(at);
    __m128i visible = detail::within(bytes, 0x21, 0x7e);
    unsigned bad = detail::mask(_mm_andnot_si128(detail::is(bytes, '#'), visible)) ^ 0xffffu;
    if (bad != 0) return at + std::countr_zero(bad);
  }
#endif
  return detail::by_table(at, end, detail::target);
}

/// The last byte of a head: the second LF of CR LF CR LF, or of what a sloppy reader might take for
/// it (LF CR LF, LF LF).
inline const char* head_last(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 18; at += 16) {
    unsigned line = detail::mask(detail::is(detail::load(at), '\n'));
    if (line == 0) continue;
    unsigned next = detail::mask(detail::is(detail::load(at + 1), '\n'));
    unsigned after = detail::mask(_mm_and_si128(detail::is(detail::load(at + 1), '\r'),
                                                detail::is(detail::load(at + 2), '\n')));
    unsigned found = line & (next | after);
    if (found == 0) continue;
    unsigned place = static_cast<unsigned>(std::countr_zero(found));
    return at + place + (next >> place & 1 ? 1 : 2);
  }
#endif
  for (; end - at >= 2; ++at) {
    if (*at != '\n') continue;
    if (at[1] == '\n') return at + 1;
    if (end - at >= 3 && at[1] == '\r' && at[2] == '\n') return at + 2;
  }
  return end;
}

/// How many bytes at the front can be a host's name.
inline std::size_t host_length(std::string_view text) {
  const char* end = detail::by_table(text.data(), text.data() + text.size(), detail::host);
  return static_cast<std::size_t>(end - text.data());
}
inline bool is_token(std::string_view text) {
  return !text.empty() && token_end(text.data(), text.data() + text.size()) == text.end();
}
inline bool is_value(std::string_view text) {
  const char* end = text.data() + text.size();
#if defined(__SSE2__)
  // What is left of the last sixteen is looked at together with some that were seen already.
  if (text.size() >= 16 && value_end(end - 16, end) != end) return false;
  end -= text.size() >= 16 ? text.size() % 16 : 0;
#endif
  return value_end(text.data(), end) == end;
}

}  // namespace berth::http::scan
