#include "observe/outputs/names.h"

#include <charconv>
#include <ranges>

#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t librato_name_max = 255;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One component of a path: no dots, blanks and control characters.
std::string component(std::string_view text, bool dots) {
  std::string out;
  for (char c : text) {
    bool kept = is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == ':' || c == '%';
    if (kept) {
      out += c;
    } else {
      out += dots && (c == ' ' || c == '.') ? '.' : '_';
    }
  }
  return out;
}

std::string prometheus(std::string_view text, bool colons) {
  std::string out;
  for (char c : text) {
    bool kept = is_letter(c) || c == '_' || (colons && c == ':') || (is_digit(c) && !out.empty());
    if (is_digit(c) && out.empty()) out += '_';
    out += kept || is_digit(c) ? c : '_';
  }
  return out.empty() ? "_" : out;
}

}  // namespace

std::string librato_name(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, librato_name_max)) {
    bool kept = is_letter(c) || is_digit(c) || c == '.' || c == ':' || c == '-' || c == '_';
    out += kept ? c : c == ' ' ? '.' : '_';
  }
  return out.empty() ? "_" : out;
}

std::string graphite_path(std::string_view prefix, const Event& event) {
  std::string out(prefix);
  auto add = [&](std::string part) {
    if (part.empty()) return;
    if (!out.empty() && out.back() != '.') out += '.';
    out += part;
  };
  for (auto label : split(event.host, '.') | std::views::reverse) add(component(label, false));
  for (auto part : split(component(event.service, true), '.')) add(std::string(part));
  return out.empty() ? "_" : out;
}

std::string prometheus_name(std::string_view text) { return prometheus(text, true); }
std::string prometheus_label(std::string_view text) { return prometheus(text, false); }

std::string number_text(double value) {
  char text[400];
  double size = value < 0 ? -value : value;
  bool plain = size == 0 || (size >= 1e-6 && size < 1e17);
  auto end = plain ? std::to_chars(text, text + sizeof text, value, std::chars_format::fixed)
                   : std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

}  // namespace berth::observe
