#include "observe/parse/dissect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::observe {
namespace {

Error fault(std::size_t column, std::string_view why) {
  return {Code::invalid, fmt::format("column {}: {}", column, why)};
}

}  // namespace

Result<Dissect::Part> Dissect::part_of(std::string_view inner, std::size_t column) {
  Part part;
  if (inner.ends_with("->")) {
    part.skip_repeats = true;
    inner.remove_suffix(2);
  }
  if (inner.starts_with('+')) part.kind = Kind::appended;
  if (inner.starts_with('?') || inner.empty()) part.kind = Kind::skipped;
  if (inner.starts_with('*')) part.kind = Kind::key;
  if (inner.starts_with('&')) part.kind = Kind::value;
  if (!inner.empty() && std::string_view("+?*&").contains(inner.front())) inner.remove_prefix(1);
  if (part.kind == Kind::appended) {
    if (auto ordered = split_once(inner, '/')) {
      auto order = parse_integer<std::uint32_t>(ordered->second, 0, fields_max);
      if (!order.ok()) return fault(column, "behind '/' stands the place of what is appended");
      part.order = *order;
      inner = ordered->first;
    }
  }
  if (inner.empty() && part.kind != Kind::skipped)
    return fault(column, "a field's name is missing");
  part.name = inner;
  return part;
}

Result<Dissect> Dissect::compile(std::string_view pattern) {
  Dissect out;
  std::size_t at = pattern.find("%{");
  if (at == pattern.npos) return fault(1, "there is no field %{name}");
  out.text_before_ = pattern.substr(0, at);
  while (at < pattern.size()) {
    std::size_t column = position_of(pattern, at).column;
    std::size_t close = pattern.find('}', at);
    if (close == pattern.npos) return fault(column, "this '%{' is not closed");
    if (out.parts_.size() >= fields_max) {
      return fault(column, fmt::format("more than {} fields", fields_max));
    }
    out.parts_.push_back(TRY(part_of(pattern.substr(at + 2, close - at - 2), column)));
    at = std::min(pattern.find("%{", close), pattern.size());
    out.parts_.back().text_behind = pattern.substr(close + 1, at - close - 1);
    if (out.parts_.back().text_behind.empty() && at < pattern.size()) {
      return fault(position_of(pattern, at).column, "between two fields must stand some text");
    }
  }
  return out;
}

bool Dissect::match(std::string_view line, Record& record) const {
  if (!line.starts_with(text_before_)) return false;
  line.remove_prefix(text_before_.size());
  std::vector<std::string_view> values;
  values.reserve(parts_.size());
  for (auto& part : parts_) {
    std::size_t end = part.text_behind.empty() ? line.size() : line.find(part.text_behind);
    if (end == line.npos) return false;
    values.push_back(line.substr(0, end));
    line.remove_prefix(end + part.text_behind.size());
    while (part.skip_repeats && !part.text_behind.empty() && line.starts_with(part.text_behind)) {
      line.remove_prefix(part.text_behind.size());
    }
  }
  add(values, record);
  return true;
}

void Dissect::add(const std::vector<std::string_view>& values, Record& record) const {
  std::map<std::string_view, std::string_view> keys;
  std::vector<std::size_t> appended;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].kind == Kind::key) keys[parts_[i].name] = values[i];
    if (parts_[i].kind == Kind::plain) record.set(parts_[i].name, Json(values[i]));
    if (parts_[i].kind == Kind::appended) appended.push_back(i);
  }
  std::ranges::sort(appended, {}, [&](std::size_t i) { return std::pair(parts_[i].order, i); });
  for (std::size_t i : appended) {
    std::string before = record.text_of(parts_[i].name);
    // What stands between it and its neighbour; the pattern's first field has one behind it only.
    if (!before.empty()) before += parts_[i > 0 ? i - 1 : i].text_behind;
    record.set(parts_[i].name, before + std::string(values[i]));
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].kind != Kind::value) continue;
    auto key = keys.find(parts_[i].name);
    if (key != keys.end() && !key->second.empty()) record.set(key->second, Json(values[i]));
  }
}

}  // namespace berth::observe
