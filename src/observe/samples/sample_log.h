#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/promql/sample_source.h"
#include "observe/samples/sketch.h"

namespace berth::observe {

/// One record of the log of samples: series that are new in this file, then samples of series by
/// their numbers in it (docs/formats/samples.md). Several of one batch are in one record, so that a
/// torn end loses a batch as a whole.
class LogRecord {
 public:
  struct Definition {
    std::uint64_t number;
    promql::Labels labels;
  };
  struct Logged {
    std::uint64_t number;
    promql::Sample sample;
  };

  void define(std::uint64_t number, const promql::Labels& labels);
  void add(std::uint64_t number, const promql::Sample& sample);
  /// A distribution of a series of them.
  void add(std::uint64_t number, const SketchPoint& point);
  /// What had been recorded in a series of distributions before its next point.
  void add_base(std::uint64_t number, std::string_view base);
  bool empty() const { return body_.empty(); }
  std::size_t size() const { return body_.size(); }
  /// Length, checksum and body; empty again afterwards.
  std::string take();

  static constexpr std::int64_t no_time = INT64_MIN;
  struct LoggedSketch {
    std::uint64_t number;
    SketchPoint point;  // at no_time: what had been recorded before the next one
  };

  struct Read {
    std::vector<Definition> definitions;
    std::vector<Logged> samples;
    std::vector<LoggedSketch> sketches;
  };
  /// Takes one record from the front; nothing if it is torn or damaged.
  static std::optional<Read> take_from(std::string_view& text);

 private:
  void put(char type, std::uint64_t number, std::int64_t time);

  std::string body_;
  std::uint64_t last_number_ = 0;
  std::int64_t last_time_ = 0;
};

/// "BRTHLOG1": the begin of every file.
inline constexpr std::string_view sample_log_magic = "BRTHLOG1";

}  // namespace berth::observe
