#include "observe/inputs/trace_joiner.h"

#include <utility>

namespace berth::observe {
namespace {

bool is_indented(std::string_view line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

bool begins_traceback(std::string_view line) {
  return line.contains("Traceback (most recent call last):");
}

bool begins_panic(std::string_view line) {
  return line.starts_with("panic: ") || line.starts_with("fatal error: ");
}

/// "main.work(0x1, 0x2)", "main.(*Server).run(...)".
bool is_go_call(std::string_view line) {
  std::size_t open = line.find('(');
  return open != line.npos && open > 0 && line.ends_with(')') &&
         line.substr(0, open).find(' ') == line.npos && line.substr(0, open).contains('.');
}

bool is_of_panic(std::string_view line) {
  return line.empty() || is_indented(line) || is_go_call(line) || line.starts_with("goroutine ") ||
         line.starts_with("created by ") || line.starts_with("[signal ") ||
         line.starts_with("panic: ") || line.starts_with("exit status ");
}

bool chains_exceptions(std::string_view line) {
  return line.empty() || begins_traceback(line) ||
         line.starts_with("During handling of the above exception") ||
         line.starts_with("The above exception was the direct cause");
}

}  // namespace

bool TraceJoiner::continues(std::string_view line) {
  if (lines_ == 0 || lines_ >= limits_.lines_max ||
      text_.size() + line.size() > limits_.bytes_max) {
    return false;
  }
  switch (in_) {
    case In::python:
      if (!is_indented(line)) in_ = In::python_end;  // the exception itself
      return true;
    case In::python_end:
      if (!chains_exceptions(line)) return false;
      if (begins_traceback(line)) in_ = In::python;
      return true;
    case In::go:
      return is_of_panic(line);
    case In::line:
      break;
  }
  return is_indented(line) || line.starts_with("Caused by: ") || line.starts_with("... ");
}

std::optional<std::string> TraceJoiner::add(std::string_view line) {
  if (continues(line)) {
    text_ += '\n';
    text_ += line;
    ++lines_;
    return std::nullopt;
  }
  auto before = take();
  if (line.empty()) return before;
  text_ = line;
  lines_ = 1;
  in_ = begins_traceback(line) ? In::python : begins_panic(line) ? In::go : In::line;
  return before;
}

std::optional<std::string> TraceJoiner::take() {
  in_ = In::line;
  if (std::exchange(lines_, 0) == 0) return std::nullopt;
  while (text_.ends_with('\n')) text_.pop_back();
  return std::exchange(text_, {});
}

}  // namespace berth::observe
