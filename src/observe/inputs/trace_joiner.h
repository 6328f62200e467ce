#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::observe {

/// Joins the lines of one stack trace into one, without I/O: what is indented belongs to the line
/// before it (Java, Node), Java's "Caused by:", Python's exception behind its Traceback and those
/// chained to it, Go's goroutines behind a panic. A line goes out when the next one begins another,
/// or when the caller says that nothing follows. Plain value; one a stream of lines.
class TraceJoiner {
 public:
  struct Limits {
    std::size_t lines_max = 500;  // of one; the next line begins another
    std::size_t bytes_max = 64 << 10;
  };

  TraceJoiner() : TraceJoiner(Limits()) {}
  explicit TraceJoiner(Limits limits) : limits_(limits) {}

  /// Takes a line without its end; answers with the one before it, if that is whole now.
  std::optional<std::string> add(std::string_view line);
  /// What is held, if anything.
  std::optional<std::string> take();
  bool holds() const { return lines_ > 0; }

 private:
  enum class In : std::uint8_t { line, python, python_end, go };

  bool continues(std::string_view line);

  Limits limits_;
  std::string text_;
  std::size_t lines_ = 0;
  In in_ = In::line;
};

}  // namespace berth::observe
