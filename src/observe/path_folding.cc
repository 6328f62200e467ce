#include "observe/path_folding.h"

#include <algorithm>

#include "base/id.h"

namespace berth::observe {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool alphanumeric(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !hex(text[i])) return false;
  }
  return true;
}

bool names_one(std::string_view segment) {
  auto digits = static_cast<std::size_t>(std::ranges::count_if(segment, digit));
  if (digits == segment.size()) return true;
  if (is_uuid(segment) || is_id(segment)) return true;
  if (segment.size() >= 16 && digits > 0 && std::ranges::all_of(segment, hex)) return true;
  return segment.size() >= 12 && digits * 3 >= segment.size() &&
         std::ranges::all_of(segment,
                             [](char c) { return alphanumeric(c) || c == '-' || c == '_'; });
}

}  // namespace

void fold_path(std::string_view target, std::string& folded) {
  target = target.substr(0, std::min(target.find('?'), target.find('#')));
  folded.clear();
  std::size_t segments = 0;
  while (!target.empty()) {
    if (target.front() == '/') target.remove_prefix(1);
    std::string_view segment = target.substr(0, target.find('/'));
    target.remove_prefix(segment.size());
    if (segment.empty() && target.empty() && segments > 0) break;
    if (++segments > folded_segments_max || folded.size() + segment.size() > folded_bytes_max) {
      folded += "/...";
      return;
    }
    folded += '/';
    folded += !segment.empty() && names_one(segment) ? ":id" : segment;
  }
  if (folded.empty()) folded = "/";
}

std::string fold_path(std::string_view target) {
  std::string folded;
  fold_path(target, folded);
  return folded;
}

}  // namespace berth::observe
