#pragma once

#include <string>
#include <vector>

#include "observe/line.h"
#include "observe/logs/log_store.h"

namespace berth::observe {

/// Lines on their way into a LogStore: text and fields as parsers and redaction left them. Belongs
/// to the store's reactor; the store outlives it.
class LogSink {
 public:
  explicit LogSink(LogStore& store) : store_(store) {}

  void note(const ParsedLine& parsed);

 private:
  LogStore& store_;
  std::vector<LogLineField> fields_;  // scratch
  std::vector<std::string> texts_;    // of fields that are no texts
};

}  // namespace berth::observe
