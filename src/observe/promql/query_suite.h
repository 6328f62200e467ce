#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "observe/promql/query.h"

namespace berth::promql {

/// Series that a test writes down: all of one name, samples from a given second, `apart` seconds
/// apart; "_" is a gap, "s" a stale marker.
class Written final : public SampleSource {
 public:
  static constexpr std::int64_t begin = 1'700'000'000;

  void add(std::vector<Label> labels, std::string_view values, std::int64_t apart = 15) {
    SampleSeries series{Labels(std::move(labels)), {}};
    std::int64_t time = begin;
    for (std::size_t at = 0; at < values.size(); time += apart) {
      std::size_t end = std::min(values.find(' ', at), values.size());
      std::string word(values.substr(at, end - at));
      at = end + 1;
      if (word == "_") continue;
      double value = word == "s" ? stale_marker : std::stod(word);
      series.samples.push_back({time * 1000, value});
    }
    series_.push_back(std::move(series));
  }

  Result<std::vector<SampleSeries>> select(const Selection& selection, std::size_t) const override {
    std::vector<SampleSeries> out;
    for (auto& series : series_) {
      if (!selection.accepts(series.labels)) continue;
      out.push_back({series.labels, {}});
      for (auto& sample : series.samples) {
        bool within = sample.time >= selection.from && sample.time <= selection.to;
        if (within) out.back().samples.push_back(sample);
      }
    }
    return out;
  }

  /// The answer at `begin` + seconds as one line: `{labels} value`, parts by "; "; or the error.
  std::string ask(std::string_view text, std::int64_t seconds = 0) const {
    auto query = Query::parse(text);
    if (!query.ok()) return std::string(query.error().message());
    return written(query->run(*this, QueryTimes::at((begin + seconds) * 1000)));
  }
  /// Over a range of `seconds`: `{labels} value@second ...`.
  std::string ask_range(std::string_view text, std::int64_t seconds, std::int64_t step) const {
    auto query = Query::parse(text);
    if (!query.ok()) return std::string(query.error().message());
    return written(query->run(*this, {begin * 1000, (begin + seconds) * 1000, step * 1000}));
  }

 private:
  static std::string written(const Result<QueryResult>& result) {
    if (!result.ok()) return std::string(result.error().message());
    std::string out;
    for (auto& series : result->series) {
      if (!out.empty()) out += "; ";
      out += series.labels.text();
      for (auto& sample : series.samples) {
        out += " " + value_text(sample.value);
        if (result->type == Type::matrix) {
          out += "@" + std::to_string(sample.time / 1000 - begin);
        }
      }
    }
    return out + result->text;
  }

  std::vector<SampleSeries> series_;
};

}  // namespace berth::promql
