#include "observe/inputs/journal_export.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace berth::observe {
namespace {

constexpr std::size_t name_bytes_max = 64;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Error no_field(std::string_view line) {
  std::string shown;
  for (char c : line.substr(0, 40)) shown += c >= ' ' && c <= '~' ? c : '?';
  return Error(Code::invalid, "no field of a journal begins with '" + shown + "'");
}

}  // namespace

void JournalExport::feed(std::string_view bytes) {
  held_.erase(0, at_);
  at_ = 0;
  held_ += bytes;
}

Result<std::optional<JournalEntry>> JournalExport::next() {
  using None = std::optional<JournalEntry>;
  for (;;) {
    std::string_view text = std::string_view(held_).substr(at_);
    std::size_t end = text.find('\n');
    if (end == text.npos) {
      if (text.size() > limits_.entry_bytes_max) return no_field(text);
      return None();
    }
    std::string_view line = text.substr(0, end);
    if (line.empty()) {
      ++at_;
      if (entry_.empty()) continue;
      return None(std::exchange(entry_, {}));
    }
    std::size_t equal = line.find('=');
    std::string_view name = line.substr(0, equal);
    std::string_view value;
    std::size_t taken = end + 1;
    if (equal != line.npos) {
      value = line.substr(equal + 1);
    } else {
      std::uint64_t size = 0;
      if (text.size() < taken + 8) return is_name(name) ? Result<None>(None()) : no_field(line);
      std::memcpy(&size, text.data() + taken, 8);
      if (size > limits_.entry_bytes_max) {
        return Error(Code::invalid, "a field of a journal is longer than is taken");
      }
      if (text.size() < taken + 8 + size + 1)
        return is_name(name) ? Result<None>(None()) : no_field(line);
      value = text.substr(taken + 8, size);
      taken += 8 + size + 1;
      if (text[taken - 1] != '\n') return no_field(line);
    }
    if (!is_name(name)) return no_field(line);
    if (entry_.size() < limits_.fields_max) {
      entry_.emplace_back(name, value.substr(0, limits_.value_bytes_max));
    }
    at_ += taken;
  }
}

std::optional<JournalEntry> JournalExport::last() {
  if (entry_.empty()) return std::nullopt;
  return std::exchange(entry_, {});
}

}  // namespace berth::observe
