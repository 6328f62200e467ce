#include "observe/promql/labels.h"

#include <algorithm>

#include "base/json_writer.h"

namespace berth::promql {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view text, bool colons) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool good = is_letter(c) || (colons && c == ':') || (i > 0 && c >= '0' && c <= '9');
    if (!good) return false;
  }
  return true;
}

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Labels::Labels(std::vector<Label> labels) {
  // Insertion, so that equal names keep their order: labels are few, and nearly always sorted.
  for (auto each = labels.begin(); each != labels.end(); ++each) {
    auto place = std::upper_bound(labels.begin(), each, each->name,
                                  [](auto& name, auto& label) { return name < label.name; });
    std::rotate(place, each, each + 1);
  }
  std::vector<Label> kept;
  kept.reserve(labels.size());
  for (auto& label : labels) {
    if (!kept.empty() && kept.back().name == label.name) {
      kept.back() = std::move(label);
    } else {
      kept.push_back(std::move(label));
    }
  }
  std::erase_if(kept, [](auto& label) { return label.value.empty(); });
  if (!kept.empty()) list_ = std::make_shared<const std::vector<Label>>(std::move(kept));
}

std::string_view Labels::value(std::string_view name) const {
  for (auto& label : *this) {
    if (label.name == name) return label.value;
  }
  return {};
}

Labels Labels::with(std::string_view name, std::string_view value) const {
  if (this->value(name) == value) return *this;
  std::vector<Label> changed(begin(), end());
  changed.push_back({std::string(name), std::string(value)});
  return Labels(std::move(changed));
}

Labels Labels::without(std::span<const std::string> names) const {
  std::vector<Label> kept;
  for (auto& label : *this) {
    if (!contains(names, label.name)) kept.push_back(label);
  }
  return kept.size() == size() ? *this : Labels(std::move(kept));
}

Labels Labels::only(std::span<const std::string> names) const {
  std::vector<Label> kept;
  for (auto& label : *this) {
    if (contains(names, label.name)) kept.push_back(label);
  }
  return kept.size() == size() ? *this : Labels(std::move(kept));
}

std::string Labels::key() const {
  std::size_t bytes = 0;
  for (auto& label : *this) bytes += label.name.size() + label.value.size() + 2;
  std::string out;
  out.reserve(bytes);
  for (auto& label : *this) {
    out += label.name;
    out += '\xff';
    out += label.value;
    out += '\xff';
  }
  return out;
}

std::string Labels::text() const {
  std::string out = "{";
  for (auto& label : *this) {
    if (out.size() > 1) out += ", ";
    out += label.name + "=";
    append_json_string(out, label.value);
  }
  return out + "}";
}

bool Labels::operator==(const Labels& other) const {
  return list_ == other.list_ || std::ranges::equal(*this, other);
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  return std::lexicographical_compare_three_way(begin(), end(), other.begin(), other.end());
}

bool is_label_name(std::string_view text) { return is_name(text, false); }
bool is_metric_name(std::string_view text) { return is_name(text, true); }

}  // namespace berth::promql
