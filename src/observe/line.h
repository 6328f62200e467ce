#pragma once

#include <optional>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "observe/parse/record.h"

namespace berth::observe {

/// A log line on its way from an input to whoever looks at it. What is not known is empty. Texts
/// are borrowed for the call.
struct LogLine {
  std::string_view input;    // which one it came by, as observe.toml names it
  std::string_view service;  // the program that wrote it
  std::string_view host;     // on which
  std::string_view text;
  std::string_view peer;   // who sent it: an address without port, or "unix"
  std::string_view parse;  // the pipeline that it goes through, by its name in observe.toml
  WallTime time{};
  std::optional<LogLevel> level;   // as its sender says; none: what the text tells of itself
  const Record* fields = nullptr;  // that came with it
  bool cut = false;                // it was longer than is taken
};

/// The same once it is parsed and redacted, for those who keep it or forward it.
struct ParsedLine {
  const LogLine& line;
  LogLevel level;
  const Record& record;     // `line.text` redacted, the fields, the tags
  std::string_view parser;  // that fitted; empty: none
};

}  // namespace berth::observe
