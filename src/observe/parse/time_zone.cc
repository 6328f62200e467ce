#include "observe/parse/time_zone.h"

#include <algorithm>
#include <iterator>

namespace berth::observe {
namespace {

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = (bytes.front() & 0x80) ? ~std::uint64_t{0} : 0;
  for (unsigned char byte : bytes) value = value << 8 | byte;
  return static_cast<std::int64_t>(value);
}

constexpr std::size_t header_bytes = 44;

/// The counts of a header, in the file's order.
struct Counts {
  std::size_t is_utc, is_standard, leaps, changes, types, letters;
};
bool read_counts(std::string_view file, Counts& out) {
  if (file.size() < header_bytes || !file.starts_with("TZif")) return false;
  std::size_t* fields[] = {&out.is_utc,  &out.is_standard, &out.leaps,
                           &out.changes, &out.types,       &out.letters};
  for (std::size_t i = 0; i < 6; ++i) {
    *fields[i] = static_cast<std::uint32_t>(big_endian(file.substr(20 + 4 * i, 4)));
    if (*fields[i] > 100'000) return false;
  }
  return true;
}

}  // namespace

std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) {
  // Counted from March, so that the leap day is a year's last.
  std::int64_t years = month <= 2 ? year - 1 : year;
  std::int64_t era = (years >= 0 ? years : years - 399) / 400;
  std::int64_t of_era = years - era * 400;
  std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

std::int64_t year_of(std::int64_t days) {
  std::int64_t year = 1970 + days * 400 / 146'097;
  while (days_of(year + 1, 1, 1) <= days) ++year;
  while (days_of(year, 1, 1) > days) --year;
  return year;
}

Result<TimeZone> TimeZone::parse(std::string_view file) {
  Error wrong(Code::invalid, "this is no compiled time zone (TZif)");
  Counts counts;
  if (!read_counts(file, counts)) return wrong;
  std::size_t word = 4;
  if (file[4] >= '2') {
    // A second block with times of 64 bits stands behind the first.
    std::size_t first = header_bytes + counts.changes * 5 + counts.types * 6 + counts.letters +
                        counts.leaps * 8 + counts.is_standard + counts.is_utc;
    if (file.size() < first || !read_counts(file.substr(first), counts)) return wrong;
    file.remove_prefix(first);
    word = 8;
  }
  file.remove_prefix(header_bytes);
  if (counts.types == 0 || file.size() < counts.changes * (word + 1) + counts.types * 6) {
    return wrong;
  }
  std::string_view indexes = file.substr(counts.changes * word, counts.changes);
  std::string_view types = file.substr(counts.changes * (word + 1));
  TimeZone out(static_cast<std::int32_t>(big_endian(types.substr(0, 4))));
  for (std::size_t i = 0; i < counts.changes; ++i) {
    auto type = static_cast<unsigned char>(indexes[i]);
    if (type >= counts.types) return wrong;
    out.changes_.push_back({big_endian(file.substr(i * word, word)),
                            static_cast<std::int32_t>(big_endian(types.substr(type * 6UL, 4)))});
  }
  return out;
}

std::int32_t TimeZone::offset_at(std::int64_t utc) const {
  auto after = std::ranges::upper_bound(changes_, utc, {}, &Change::at);
  return after == changes_.begin() ? before_ : std::prev(after)->offset;
}

std::int64_t TimeZone::utc_of(std::int64_t local) const {
  // The offset that held a day before is right unless a change lies between.
  std::int64_t early = local - offset_at(local - 86'400);
  if (early + offset_at(early) == local) return early;
  std::int64_t late = local - offset_at(early);
  return late + offset_at(late) == local ? late : early;
}

}  // namespace berth::observe
