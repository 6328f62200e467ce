#include "observe/exposition.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::observe {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// One line, taken from the front.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  void skip_blanks() {
    while (!text_.empty() && is_blank(text_.front())) text_.remove_prefix(1);
  }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    std::size_t end = 0;
    while (end < text_.size() && !is_blank(text_[end])) ++end;
    return cut(end);
  }
  std::string_view name() {
    std::size_t end = 0;
    auto part = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == ':';
    };
    while (end < text_.size() && part(text_[end])) ++end;
    return cut(end);
  }
  std::string_view rest() { return cut(text_.size()); }
  /// Behind its opening quote, up to the closing one.
  std::optional<std::string> quoted() {
    std::string out;
    while (!text_.empty()) {
      char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !text_.empty()) {
        c = text_.front();
        text_.remove_prefix(1);
        if (c == 'n')
          c = '\n';
        else if (c != '\\' && c != '"')
          out += '\\';
      }
      out += c;
    }
    return std::nullopt;
  }

 private:
  std::string_view cut(std::size_t end) {
    std::string_view taken = text_.substr(0, end);
    text_.remove_prefix(end);
    return taken;
  }
  std::string_view text_;
};

Result<double> read_value(std::string_view text) {
  std::string small = lower(text);
  if (small.starts_with('+')) small.erase(0, 1);
  bool minus = small == "-inf";
  if (small == "inf" || minus) {
    double infinity = std::numeric_limits<double>::infinity();
    return minus ? -infinity : infinity;
  }
  if (small == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  auto [end, error] = std::from_chars(small.data(), small.data() + small.size(), value);
  if (error != std::errc() || end != small.data() + small.size()) {
    return Error(Code::invalid, fmt::format("'{}' is no number", text));
  }
  return value;
}

class Reader {
 public:
  Reader(bool open_metrics, const ExpositionLimits& limits)
      : open_metrics_(open_metrics), limits_(limits) {}

  Result<void> line(std::string_view text) {
    if (ended_) return Error(Code::invalid, "there is something behind # EOF");
    if (text.starts_with('#')) {
      comment(text);
      return {};
    }
    if (trim(text).empty()) return {};
    return sample(Line(text));
  }

  Result<Exposition> take() {
    if (open_metrics_ && !ended_) return Error(Code::invalid, "it does not end with # EOF");
    return std::move(out_);
  }

 private:
  void comment(std::string_view text) {
    if (open_metrics_ && text == "# EOF") {
      ended_ = true;
      return;
    }
    Line line(text.substr(1));
    line.skip_blanks();
    std::string_view kind = line.word();
    if (kind != "TYPE" && kind != "HELP" && kind != "UNIT") return;
    line.skip_blanks();
    std::string_view name = line.word();
    line.skip_blanks();
    if (out_.about.empty() || out_.about.back().name != name) {
      out_.about.push_back({std::string(name), "unknown", "", ""});
    }
    MetricAbout& about = out_.about.back();
    (kind == "TYPE" ? about.type : kind == "HELP" ? about.help : about.unit) = line.rest();
  }

  Result<void> sample(Line line) {
    if (out_.samples.size() >= limits_.samples_max) {
      return Error(Code::invalid, fmt::format("more than {} samples", limits_.samples_max));
    }
    line.skip_blanks();
    std::vector<promql::Label> labels;
    std::string_view name = line.name();
    if (!promql::is_metric_name(name)) return Error(Code::invalid, "a metric's name is missing");
    labels.push_back({std::string(promql::metric_name), std::string(name)});
    line.skip_blanks();
    if (line.take('{')) {
      auto read = read_labels(line, labels);
      if (!read.ok()) return read;
    }
    line.skip_blanks();
    ExposedSample sample{promql::Labels(std::move(labels)), 0, std::nullopt};
    sample.value = TRY(read_value(line.word()));
    line.skip_blanks();
    std::string_view time = line.word();
    if (!time.empty() && time != "#") sample.time = TRY(read_time(time));
    line.skip_blanks();
    if (!open_metrics_ && !line.at_end()) {
      return Error(Code::invalid, "there is something behind the time");
    }
    out_.samples.push_back(std::move(sample));
    return {};
  }

  Result<void> read_labels(Line& line, std::vector<promql::Label>& labels) const {
    for (;;) {
      line.skip_blanks();
      if (line.take('}')) return {};
      std::string_view name = line.name();
      line.skip_blanks();
      bool equals = line.take('=');
      line.skip_blanks();
      if (!promql::is_label_name(name) || !equals || !line.take('"')) {
        return Error(Code::invalid, "a label must be name=\"value\"");
      }
      auto value = line.quoted();
      if (!value) return Error(Code::invalid, fmt::format("label {} has no closing quote", name));
      if (!is_utf8(*value)) return Error(Code::invalid, fmt::format("label {} is no UTF-8", name));
      labels.push_back({std::string(name), std::move(*value)});
      if (labels.size() > limits_.labels_max) {
        return Error(Code::invalid, fmt::format("more than {} labels", limits_.labels_max));
      }
      line.skip_blanks();
      if (line.take('}')) return {};
      if (!line.take(',')) return Error(Code::invalid, "'}' is missing");
    }
  }

  Result<std::int64_t> read_time(std::string_view text) const {
    if (!open_metrics_) return parse_integer<std::int64_t>(text);
    double seconds = TRY(read_value(text));
    if (!(std::abs(seconds) < 9e12)) return Error(Code::invalid, "a time out of range");
    return static_cast<std::int64_t>(std::round(seconds * 1000));
  }

  const bool open_metrics_;
  const ExpositionLimits& limits_;
  Exposition out_;
  bool ended_ = false;
};

}  // namespace

Result<Exposition> read_exposition(std::string_view text, bool open_metrics,
                                   const ExpositionLimits& limits) {
  Reader reader(open_metrics, limits);
  std::size_t number = 0;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    ++number;
    auto read = reader.line(text.substr(0, end));
    if (!read.ok()) {
      return Error(Code::invalid, fmt::format("line {}: {}", number, read.error().message()));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.take();
}

}  // namespace berth::observe
