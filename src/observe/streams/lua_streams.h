#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/streams/core.h"
#include "observe/streams/lua_machine.h"

namespace berth::observe::streams {

/// Runs a script that builds streams (docs/formats/streams.md): every function of the vocabulary by
/// its name, with its arguments and then its children, and those that take functions or several
/// branches; stream(NAME, SPEC) says what is to run. invalid or overloaded: "streams.lua:3: ...";
/// nothing of it runs then.
Result<std::vector<NamedSpec>> read_lua_streams(std::string_view text, const std::string& name,
                                                LuaLimits limits = {});

}  // namespace berth::observe::streams
