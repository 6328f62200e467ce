#include "observe/streams/lua_machine.h"

#include <re2/re2.h>

#include <cstdlib>
#include <lua.hpp>

#include "base/hash.h"

namespace berth::observe::streams {
namespace {

constexpr int counted_at_once = 1000;  // instructions

/// What a script may not have of a library that it is given.
void take_away(lua_State* state, const char* library, std::initializer_list<const char*> names) {
  lua_getglobal(state, library);
  for (auto* name : names) {
    lua_pushnil(state);
    lua_setfield(state, -2, name);
  }
  lua_pop(state, 1);
}

/// An expression on the stack, compiled; a null pointer and a message on the stack if it is none.
std::unique_ptr<re2::RE2> expression_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(state, index, &size);
  if (!text) return nullptr;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto out = std::make_unique<re2::RE2>(re2::StringPiece(text, size), options);
  return out->ok() ? std::move(out) : nullptr;
}

/// No memory is refused while it lives: an error of Lua would skip what C++ has to undo.
class Unbounded {
 public:
  explicit Unbounded(lua_State* state)
      : machine_(**static_cast<LuaMachine**>(lua_getextraspace(state))),
        outer_(machine_.set_running(false)) {}
  ~Unbounded() { machine_.set_running(outer_); }

 private:
  LuaMachine& machine_;
  bool outer_;
};

/// find(text, expression): what it matched and its groups, or nil.
int find(lua_State* state) {
  constexpr int groups_max = 10;
  bool good = false;
  int found = 0;
  {
    Unbounded unbounded(state);
    std::size_t size = 0;
    const char* text = lua_tolstring(state, 1, &size);
    auto expression = expression_at(state, 2);
    good = expression != nullptr;
    re2::StringPiece groups[groups_max];
    int count = good ? std::min(groups_max, expression->NumberOfCapturingGroups() + 1) : 0;
    if (good && text &&
        expression->Match({text, size}, 0, size, re2::RE2::UNANCHORED, groups, count)) {
      for (int i = 0; i < count; ++i) {
        groups[i].data() ? lua_pushlstring(state, groups[i].data(), groups[i].size())
                         : (lua_pushnil(state), nullptr);
      }
      found = count;
    }
  }
  if (!good) return luaL_error(state, "find: the second argument is no regular expression");
  if (found == 0) lua_pushnil(state), found = 1;
  return found;
}

/// replace(text, expression, by): each match; \1 in `by` is a group.
int replace(lua_State* state) {
  bool good = false;
  {
    Unbounded unbounded(state);
    std::size_t size = 0, by_size = 0;
    const char* text = lua_tolstring(state, 1, &size);
    const char* by = lua_tolstring(state, 3, &by_size);
    auto expression = expression_at(state, 2);
    good = expression && text && by;
    if (good) {
      std::string out(text, size);
      re2::RE2::GlobalReplace(&out, *expression, re2::StringPiece(by, by_size));
      lua_pushlstring(state, out.data(), out.size());
    }
  }
  if (!good) return luaL_error(state, "replace takes a text, a regular expression and a text");
  return 1;
}

int append_code(lua_State*, const void* bytes, std::size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return 0;
}

/// Without the two numbers of lines that a function's code begins with, so that one which moved in
/// its file is the same (lua 5.4 ldump.c: a head of 32 bytes, no source, two numbers).
std::string_view without_lines(std::string& code) {
  std::size_t at = 33;
  for (int number = 0; number < 2; ++number) {
    while (at < code.size() && !(code[at] & 0x80)) ++at;
    ++at;
  }
  return at < code.size() ? std::string_view(code).substr(at) : std::string_view(code);
}

/// The code of the function on top of the stack and its plain upvalues; a number of its own where
/// it has caught something else.
void append_identity(lua_State* state, std::string& out, int depth) {
  static std::uint64_t unique = 0;
  std::string code;
  if (lua_iscfunction(state, -1)) {
    auto place = reinterpret_cast<std::uintptr_t>(lua_tocfunction(state, -1));
    out += "c" + std::to_string(place);
    return;
  }
  lua_dump(state, append_code, &code, 1);
  out += "f" + std::to_string(hash64(without_lines(code)));
  for (int i = 1; const char* name = lua_getupvalue(state, -1, i); ++i) {
    std::string_view called(name);
    int type = lua_type(state, -1);
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
      lua_pushvalue(state, -1);
      std::size_t size = 0;
      const char* text = lua_tolstring(state, -1, &size);
      out += "=" + std::to_string(hash64({text, size}));
      lua_pop(state, 1);
    } else if (type == LUA_TBOOLEAN) {
      out += lua_toboolean(state, -1) ? "=true" : "=false";
    } else if (type == LUA_TFUNCTION && depth < 8) {
      append_identity(state, out, depth + 1);
    } else if (type != LUA_TNIL && called != "_ENV") {
      lua_rawgeti(state, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
      if (!lua_rawequal(state, -1, -2)) out += "?" + std::to_string(++unique);
      lua_pop(state, 1);
    }
    lua_pop(state, 1);
  }
}

}  // namespace

std::shared_ptr<LuaMachine> LuaMachine::make(LuaLimits limits) {
  std::shared_ptr<LuaMachine> out(new LuaMachine(limits));
  out->state_ = lua_newstate(allocate, out.get());
  check(out->state_ != nullptr, "no memory for a script");
  *static_cast<LuaMachine**>(lua_getextraspace(out->state_)) = out.get();
  out->open_libraries();
  return out;
}

LuaMachine::~LuaMachine() {
  if (state_) lua_close(state_);
}

void* LuaMachine::allocate(void* machine, void* block, std::size_t old_size, std::size_t new_size) {
  auto& self = *static_cast<LuaMachine*>(machine);
  if (!block) old_size = 0;  // then it tells what kind of object it is for
  if (new_size == 0) {
    std::free(block);
    self.used_ -= old_size;
    return nullptr;
  }
  bool grows = new_size > old_size;
  if (self.running_ && grows && self.used_ + new_size - old_size > self.limits_.memory_bytes_max) {
    return nullptr;
  }
  void* out = std::realloc(block, new_size);
  if (out) self.used_ = self.used_ - old_size + new_size;
  return out;
}

// Once the instructions are used up every further one fails, so that no pcall can go on.
void LuaMachine::count(lua_State* state, lua_Debug* record) {
  auto& self = **static_cast<LuaMachine**>(lua_getextraspace(state));
  if (!self.exhausted_ && self.left_ > counted_at_once) {
    self.left_ -= counted_at_once;
    return;
  }
  self.exhausted_ = true;
  lua_sethook(state, count, LUA_MASKCOUNT, 1);
  lua_getinfo(state, "Sl", record);
  luaL_error(state, "%s:%d: it takes too long", record->short_src, record->currentline);
}

void LuaMachine::open_libraries() {
  for (auto [name, open] : {std::pair<const char*, lua_CFunction>{"_G", luaopen_base},
                            {"string", luaopen_string},
                            {"table", luaopen_table},
                            {"math", luaopen_math},
                            {"utf8", luaopen_utf8}}) {
    luaL_requiref(state_, name, open, 1);
    lua_pop(state_, 1);
  }
  take_away(state_, "_G",
            {"dofile", "loadfile", "load", "require", "collectgarbage", "print", "warn",
             "setmetatable", "getmetatable"});
  take_away(state_, "string", {"dump", "find", "match", "gmatch", "gsub", "rep"});
  take_away(state_, "math", {"random", "randomseed"});
  take_away(state_, "table", {"move"});  // its loop has no instructions to count
  lua_pushcfunction(state_, find);
  lua_setglobal(state_, "find");
  lua_pushcfunction(state_, replace);
  lua_setglobal(state_, "replace");
}

Result<void> LuaMachine::run(std::string_view text, const std::string& name) {
  if (text.size() > limits_.file_bytes_max) {
    return Error(Code::invalid, name + ": the script has " + std::to_string(text.size()) +
                                    " bytes; " + std::to_string(limits_.file_bytes_max) +
                                    " are the most");
  }
  // Text only: code that was compiled may break the machine.
  int read = luaL_loadbufferx(state_, text.data(), text.size(), ("=" + name).c_str(), "t");
  if (read != LUA_OK) {
    const char* message = lua_tostring(state_, -1);
    Error error(Code::invalid, message ? message : "the script cannot be read");
    lua_pop(state_, 1);
    return error;
  }
  return call(0, 0);
}

Result<void> LuaMachine::call(int arguments, int results) {
  left_ = limits_.instructions_max;
  exhausted_ = false;
  lua_sethook(state_, count, LUA_MASKCOUNT, counted_at_once);
  bool outer = std::exchange(running_, true);
  int called = lua_pcall(state_, arguments, results, 0);
  running_ = outer;
  lua_sethook(state_, nullptr, 0, 0);
  if (called == LUA_OK) return {};
  std::string message;
  if (const char* text = lua_tostring(state_, -1)) message = text;
  lua_pop(state_, 1);
  if (exhausted_) {
    return Error(Code::overloaded, message + ": " + std::to_string(limits_.instructions_max) +
                                       " instructions are the most");
  }
  if (called == LUA_ERRMEM) {
    return Error(Code::overloaded, "the script holds more than " +
                                       std::to_string(limits_.memory_bytes_max) + " bytes");
  }
  return Error(Code::invalid, message.empty() ? "the script failed" : message);
}

std::shared_ptr<LuaFunction> LuaFunction::take(std::shared_ptr<LuaMachine> machine) {
  lua_State* state = machine->state();
  std::string text = "lua ";
  append_identity(state, text, 0);
  int reference = luaL_ref(state, LUA_REGISTRYINDEX);
  return std::make_shared<LuaFunction>(std::move(machine), reference, std::move(text));
}

LuaFunction::~LuaFunction() { luaL_unref(machine_->state(), LUA_REGISTRYINDEX, reference_); }

lua_State* LuaFunction::push() const {
  lua_State* state = machine_->state();
  lua_rawgeti(state, LUA_REGISTRYINDEX, reference_);
  return state;
}

}  // namespace berth::observe::streams
