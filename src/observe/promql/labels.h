#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::promql {

struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

/// The label that holds a metric's name.
inline constexpr std::string_view metric_name = "__name__";

/// A series' labels, its name among them, sorted by name. A label with an empty value is the same
/// as none, and is never kept. Immutable; copies share, from any thread.
class Labels {
 public:
  Labels() = default;
  /// Sorts; of two with one name the last counts.
  explicit Labels(std::vector<Label> labels);

  /// Empty if there is none.
  std::string_view value(std::string_view name) const;
  bool has(std::string_view name) const { return !value(name).empty(); }
  std::size_t size() const { return list_ ? list_->size() : 0; }
  bool empty() const { return size() == 0; }
  const Label* begin() const { return list_ ? list_->data() : nullptr; }
  const Label* end() const { return begin() + size(); }

  /// An empty value removes the label.
  Labels with(std::string_view name, std::string_view value) const;
  Labels without(std::span<const std::string> names) const;
  Labels without_name() const { return with(metric_name, ""); }
  Labels only(std::span<const std::string> names) const;

  /// Equal for equal sets alone.
  std::string key() const;
  /// `{__name__="up", job="api"}`.
  std::string text() const;

  bool operator==(const Labels& other) const;
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  std::shared_ptr<const std::vector<Label>> list_;
};

/// [a-zA-Z_][a-zA-Z0-9_]*
bool is_label_name(std::string_view text);
/// The same with colons.
bool is_metric_name(std::string_view text);

}  // namespace berth::promql
