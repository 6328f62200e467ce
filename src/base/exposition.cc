#include "base/exposition.h"

#include <fmt/format.h>

namespace berth {

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Exposition::sample(std::uint64_t value, const Labels& labels) {
  std::string written;
  for (auto& [label, value_of] : labels) {
    if (!written.empty()) written += ',';
    written += fmt::format("{}=\"{}\"", label, escaped(value_of));
  }
  sample_of(written, value);
}

void Exposition::sample_of(std::string_view labels, std::uint64_t value) {
  text_ += labels.empty() ? fmt::format("{} {}\n", name_, value)
                          : fmt::format("{}{{{}}} {}\n", name_, labels, value);
}

void Exposition::sample_of(std::string_view labels, double value) {
  text_ += labels.empty() ? fmt::format("{} {}\n", name_, value)
                          : fmt::format("{}{{{}}} {}\n", name_, labels, value);
}

void Exposition::one(std::string_view name, std::string_view type, std::string_view help,
                     std::uint64_t value) {
  family(name, type, help);
  sample(value);
}

std::string Exposition::escaped(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace berth
