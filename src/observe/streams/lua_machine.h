#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "observe/streams/functions.h"

struct lua_State;
struct lua_Debug;

namespace berth::observe::streams {

struct LuaLimits {
  std::size_t memory_bytes_max = 64 << 20;     // of all that a script holds; beyond: it fails
  std::uint64_t instructions_max = 1'000'000;  // of one call, and of loading; beyond: it fails
  std::size_t file_bytes_max = 1 << 20;
};

/// A Lua 5.4 of its own for one script: without files, processes, clocks, chance, modules, code
/// from texts, metatables and pattern matching that may take exponential time (find and replace
/// stand for it, by RE2). Each call is bounded in instructions and memory and fails alone. Belongs
/// to one reactor; whatever was made by its functions keeps it alive.
class LuaMachine : public std::enable_shared_from_this<LuaMachine> {
 public:
  static std::shared_ptr<LuaMachine> make(LuaLimits limits);
  ~LuaMachine();
  LuaMachine(const LuaMachine&) = delete;
  LuaMachine& operator=(const LuaMachine&) = delete;

  lua_State* state() const { return state_; }
  /// Runs the script. invalid: "streams.lua:3: ...".
  Result<void> run(std::string_view text, const std::string& name);
  /// Calls what lies on the stack with `arguments` above it; `results` are left. overloaded: it
  /// took too long or too much; invalid: it failed.
  Result<void> call(int arguments, int results);
  std::size_t memory_bytes() const { return used_; }
  /// Something that its functions refer to, and that goes with it.
  void keep(std::shared_ptr<void> companion) { companion_ = std::move(companion); }
  /// Whether memory may be refused now: not while C++ is at work, whose frames an error would skip.
  bool set_running(bool running) { return std::exchange(running_, running); }

 private:
  explicit LuaMachine(LuaLimits limits) : limits_(limits) {}
  static void* allocate(void* machine, void* block, std::size_t old_size, std::size_t new_size);
  static void count(lua_State* state, lua_Debug* record);
  void open_libraries();

  LuaLimits limits_;
  lua_State* state_ = nullptr;
  std::shared_ptr<void> companion_;
  std::size_t used_ = 0;
  std::uint64_t left_ = 0;
  bool exhausted_ = false;
  bool running_ = false;  // only what a script does itself is refused memory
};

/// A function of a script, kept there under a number until the last copy goes.
class LuaFunction {
 public:
  /// Takes what lies on top of the stack.
  static std::shared_ptr<LuaFunction> take(std::shared_ptr<LuaMachine> machine);
  LuaFunction(std::shared_ptr<LuaMachine> machine, int reference, std::string text)
      : machine_(std::move(machine)), reference_(reference), text_(std::move(text)) {}
  ~LuaFunction();

  /// What it is told apart by: its code and the values that it has caught; where these are no plain
  /// values it is equal to no other.
  const std::string& text() const { return text_; }
  /// Puts it on the stack.
  lua_State* push() const;
  LuaMachine& machine() const { return *machine_; }

 private:
  std::shared_ptr<LuaMachine> machine_;
  int reference_;
  std::string text_;
};
using SharedLuaFunction = std::shared_ptr<const LuaFunction>;

/// Events as tables: fields by name, tags as a list, attributes beside them; what is not there is
/// nil.
void push_event(lua_State* state, const Event& event);
void push_value(lua_State* state, const Value& value);
/// A list of events; a hole is false.
void push_batch(lua_State* state, Batch batch);
/// Reads the value on top of the stack and takes it away: false for nil. invalid: it is no table,
/// or "metric must be a number".
Result<bool> pop_event(lua_State* state, Event& out);
Result<FieldValue> pop_value(lua_State* state);

// Functions of scripts as what streams are given.
Predicate lua_predicate(SharedLuaFunction function);
Reading lua_reading(SharedLuaFunction function);
EventFunction lua_event_function(SharedLuaFunction function);
Fold lua_fold(SharedLuaFunction function);
Expansion lua_expansion(SharedLuaFunction function, bool takes_vectors);
Reducer lua_reducer(SharedLuaFunction function);

}  // namespace berth::observe::streams
