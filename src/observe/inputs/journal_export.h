#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace berth::observe {

/// One entry of journald: its fields in their order, values of any bytes.
using JournalEntry = std::vector<std::pair<std::string, std::string>>;

/// The entries of journald's export format (systemd.io/JOURNAL_EXPORT_FORMATS): `NAME=VALUE`
/// lines, or a line NAME, the value's length in 8 bytes, least significant first, the value and a
/// line end; an empty line behind each entry. Feed, then take until there is none.
class JournalExport {
 public:
  struct Limits {
    std::size_t value_bytes_max = 1 << 20;  // of a longer one the rest is left out
    std::size_t entry_bytes_max = 8 << 20;  // beyond: invalid
    std::size_t fields_max = 1024;          // of an entry; further ones are left out
  };

  JournalExport() : JournalExport(Limits()) {}
  explicit JournalExport(Limits limits) : limits_(limits) {}

  void feed(std::string_view bytes);
  /// Nothing while the next one is not whole. invalid: no field stands there.
  Result<std::optional<JournalEntry>> next();
  /// At the end of what comes: an entry without its empty line.
  std::optional<JournalEntry> last();

 private:
  Limits limits_;
  std::string held_;
  std::size_t at_ = 0;
  JournalEntry entry_;
};

}  // namespace berth::observe
