#pragma once

#include <span>
#include <string_view>

#include "observe/streams/arguments.h"
#include "observe/streams/streams.h"

namespace berth::observe::streams {

/// A stream function by its name, as files call it: what stands behind the name, and the reader of
/// that, which gives a stage that the next stream is put behind.
struct StreamFunction {
  std::string_view name;
  std::string_view usage;  // of its arguments: "N DURATION"
  Result<Stage> (*read)(Arguments& arguments);
  bool interval_first = false;  // its first argument is an interval, which `every` may give
};

/// All of them in the order of their names; every fold is one as well.
std::span<const StreamFunction> vocabulary();
/// Null pointer if there is none.
const StreamFunction* function_called(std::string_view name);

/// Reads "rate 5s". invalid: "there is no stream function 'raet'; did you mean 'rate'?", "rate
/// DURATION: its interval is missing".
Result<Stage> read_stage(std::string_view text);
Result<Stage> read_stage(const StreamFunction& function, Arguments arguments);

}  // namespace berth::observe::streams
