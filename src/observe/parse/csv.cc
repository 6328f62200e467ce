#include "observe/parse/csv.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace berth::observe {
namespace {

/// The column at the front, with the separator behind it; nothing if it is wrong.
std::optional<std::string> take_column(std::string_view& line, char separator, bool& more) {
  std::string out;
  if (line.starts_with('"')) {
    line.remove_prefix(1);
    for (;;) {
      std::size_t quote = line.find('"');
      if (quote == line.npos) return std::nullopt;
      out += line.substr(0, quote);
      line.remove_prefix(quote + 1);
      if (!line.starts_with('"')) break;
      out += '"';
      line.remove_prefix(1);
    }
    if (!line.empty() && line.front() != separator) return std::nullopt;
  } else {
    std::size_t size = std::min(line.find(separator), line.size());
    out = line.substr(0, size);
    line.remove_prefix(size);
  }
  more = !line.empty();
  if (more) line.remove_prefix(1);
  return out;
}

}  // namespace

bool read_csv(std::string_view line, char separator, const std::vector<std::string>& names,
              Record& record) {
  std::vector<std::string> columns;
  for (bool more = true; more;) {
    auto column = take_column(line, separator, more);
    if (!column) return false;
    columns.push_back(std::move(*column));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) continue;
    std::string name = i < names.size() ? names[i] : "column" + std::to_string(i + 1);
    record.set(name, std::move(columns[i]));
  }
  return true;
}

}  // namespace berth::observe
