#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

/// Writes a page of metrics in Prometheus' text format, version 0.0.4: families of samples, each
/// with its HELP and TYPE once, all samples of one name together.
class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::uint64_t value, const Labels& labels = {});
  /// With labels that are written already: `proxy="web",code="2xx"`.
  void sample_of(std::string_view labels, std::uint64_t value);
  void sample_of(std::string_view labels, double value);
  /// A family of one sample.
  void one(std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t value);
  /// Lines of the present family, as they are.
  void more(std::string_view lines) { text_ += lines; }
  std::string take() { return std::move(text_); }

  /// A label's value: backslash, quote and line end are escaped.
  static std::string escaped(std::string_view value);

 private:
  std::string text_;
  std::string name_;
};

}  // namespace berth
