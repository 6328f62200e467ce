#include "observe/streams/lua_streams.h"

#include <lua.hpp>

#include "base/strings.h"
#include "base/units.h"
#include "observe/streams/folds.h"
#include "observe/streams/vocabulary.h"

// What scripts build streams with. The functions that Lua calls do their work in C++ frames which
// no error of Lua may skip: they call nothing that raises one, and raise theirs when these are
// left.

namespace berth::observe::streams {
namespace {

constexpr const char* spec_type = "berth.stream";
constexpr const char* made_key = "berth.made";

/// What a script has made so far. Lua holds no spec itself, but where it lies here: else the script
/// would keep alive what keeps the script alive. They go when the call is over that made them.
struct Made {
  std::vector<NamedSpec> streams;
  std::vector<Spec> specs;
  std::uint64_t generation = 0;

  void forget() {
    specs.clear();
    ++generation;
  }
};
/// A stream as Lua sees it.
struct Handle {
  std::uint64_t generation;
  std::size_t place;
};

Made& made_by(lua_State* state) {
  lua_getfield(state, LUA_REGISTRYINDEX, made_key);
  auto* out = static_cast<Made*>(lua_touserdata(state, -1));
  lua_pop(state, 1);
  return *out;
}

std::shared_ptr<LuaMachine> machine_of(lua_State* state) {
  return (*static_cast<LuaMachine**>(lua_getextraspace(state)))->shared_from_this();
}

/// Null pointer if it is none, or one of an earlier call.
const Spec* spec_of(lua_State* state, int index) {
  auto* handle = static_cast<Handle*>(luaL_testudata(state, index, spec_type));
  Made& made = made_by(state);
  return handle && handle->generation == made.generation ? &made.specs[handle->place] : nullptr;
}

/// The arguments of one call from a script, from left to right.
class Call {
 public:
  explicit Call(lua_State* state) : state_(state), count_(lua_gettop(state)) {}

  lua_State* state() const { return state_; }
  std::shared_ptr<LuaMachine> machine() const { return machine_of(state_); }
  Made& made() const { return made_by(state_); }
  bool empty() const { return at_ > count_; }
  int type() const { return empty() ? LUA_TNONE : lua_type(state_, at_); }
  bool is_function() const { return type() == LUA_TFUNCTION; }
  const Spec* spec_here() const { return spec_at(at_); }
  void skip() { ++at_; }

  Result<std::string> text(std::string_view what) {
    int found = type();
    if (found != LUA_TSTRING && found != LUA_TNUMBER) return wrong(what);
    return text_at(at_++);
  }
  Result<double> number(std::string_view what) {
    if (type() != LUA_TNUMBER) return wrong(what);
    return lua_tonumber(state_, at_++);
  }
  Result<std::size_t> count(std::string_view what) {
    double value = TRY(number(what));
    if (value >= 0 && value <= static_cast<double>(Arguments::count_max)) {
      return static_cast<std::size_t>(value);
    }
    return Error(Code::invalid,
                 std::string(what) + " must be from 0 to " + std::to_string(Arguments::count_max));
  }
  Result<Duration> duration(std::string_view what) {
    std::vector<Arguments::Word> words(1);
    words[0].text = TRY(text(what));
    return Arguments(std::move(words)).duration(what);
  }
  Result<SharedLuaFunction> function(std::string_view what) {
    if (!is_function()) return wrong(what);
    lua_pushvalue(state_, at_++);
    return SharedLuaFunction(LuaFunction::take(machine()));
  }
  Result<Reading> reading(std::string_view what) {
    if (is_function()) return lua_reading(TRY(function(what)));
    return Reading(Field(TRY(text(what))));
  }
  Result<Readings> readings() {
    Readings out;
    if (type() != LUA_TTABLE) {
      out.push_back(TRY(reading("a field, a function or a list of them")));
      return out;
    }
    int list = at_++;
    for (lua_Integer i = 1; lua_rawgeti(state_, list, i) != LUA_TNIL; ++i) {
      int kind = lua_type(state_, -1);
      if (kind == LUA_TFUNCTION) {
        out.push_back(lua_reading(LuaFunction::take(machine())));
      } else if (kind == LUA_TSTRING) {
        out.emplace_back(Field(text_at(-1)));
        lua_pop(state_, 1);
      } else {
        return wrong("a list of fields and functions");
      }
    }
    lua_pop(state_, 1);
    return out;
  }
  Result<Predicate> predicate() {
    if (is_function()) return lua_predicate(TRY(function("a function")));
    return Predicate(TRY(Query::parse(TRY(text("a query or a function")))));
  }
  /// All that is left.
  Result<Specs> children() {
    Specs out;
    for (; !empty(); ++at_) {
      const Spec* spec = spec_here();
      if (!spec) return wrong("a stream");
      out.push_back(*spec);
    }
    return out;
  }
  Result<Spec> child(std::string_view what) {
    const Spec* spec = spec_here();
    if (!spec) return wrong(what);
    ++at_;
    return *spec;
  }
  /// Words for the reader of a function: texts, numbers, lists, and tables as FIELD=VALUE.
  Result<Arguments> arguments() {
    std::vector<Arguments::Word> words;
    for (; !empty() && !spec_here(); ++at_) {
      if (type() == LUA_TTABLE) {
        TRY(add_table(words));
      } else if (type() == LUA_TSTRING || type() == LUA_TNUMBER) {
        words.push_back({text_at(at_), true});
      } else {
        return wrong("a text, a number, a table or a stream");
      }
    }
    return Arguments(std::move(words));
  }
  Error wrong(std::string_view what) const {
    std::string found = empty() ? "nothing" : luaL_typename(state_, at_);
    return Error(Code::invalid, "argument " + std::to_string(at_) + " must be " +
                                    std::string(what) + ", found " + found);
  }
  int push(Spec spec) {
    Made& all = made();
    ::new (lua_newuserdatauv(state_, sizeof(Handle), 0)) Handle{all.generation, all.specs.size()};
    luaL_setmetatable(state_, spec_type);
    all.specs.push_back(std::move(spec));
    return 1;
  }
  const Spec* spec_at(int index) const { return index > count_ ? nullptr : spec_of(state_, index); }

 private:
  std::string text_at(int index) {
    // The copy, since reading a number as text changes it where it lies.
    lua_pushvalue(state_, index);
    std::size_t size = 0;
    const char* text = lua_tolstring(state_, -1, &size);
    std::string out(text ? text : "", text ? size : 0);
    lua_pop(state_, 1);
    return out;
  }
  Result<void> add_table(std::vector<Arguments::Word>& words) {
    for (lua_Integer i = 1; lua_rawgeti(state_, at_, i) != LUA_TNIL; ++i) {
      words.push_back({text_at(-1), true});
      lua_pop(state_, 1);
    }
    lua_pop(state_, 1);
    std::vector<Arguments::Word> named;
    lua_pushnil(state_);
    while (lua_next(state_, at_)) {
      if (lua_type(state_, -2) == LUA_TSTRING) {
        bool gone = lua_type(state_, -1) == LUA_TBOOLEAN && !lua_toboolean(state_, -1);
        std::string value = gone ? "nil" : text_at(-1);
        if (lua_istable(state_, -1)) value = joined(lua_gettop(state_));
        named.push_back({text_at(-2) + "=" + value, !gone});
      }
      lua_pop(state_, 1);
    }
    // In one order always, whatever Lua's is: else no reload would find them unchanged.
    std::ranges::sort(named, {}, &Arguments::Word::text);
    words.insert(words.end(), named.begin(), named.end());
    return {};
  }
  std::string joined(int table) {
    std::string out;
    for (lua_Integer i = 1; lua_rawgeti(state_, table, i) != LUA_TNIL; ++i) {
      out += (out.empty() ? "" : ",") + text_at(-1);
      lua_pop(state_, 1);
    }
    lua_pop(state_, 1);
    return out;
  }

  lua_State* state_;
  int count_;
  int at_ = 1;
};

using Body = Result<int> (*)(Call& call);

/// What Lua calls: the body, and then, with nothing of C++ left, the error.
template <Body body>
int bound(lua_State* state) {
  bool failed = false;
  int results = 0;
  {
    auto& machine = **static_cast<LuaMachine**>(lua_getextraspace(state));
    bool outer = machine.set_running(false);
    Call call(state);
    Result<int> done = body(call);
    failed = !done.ok();
    if (failed) {
      lua_pushlstring(state, done.error().text().data(), done.error().text().size());
    } else {
      results = *done;
    }
    machine.set_running(outer);
  }
  if (!failed) return results;
  luaL_where(state, 1);
  lua_insert(state, -2);
  lua_concat(state, 2);
  return lua_error(state);
}

Spec one_of(Specs specs) { return specs.size() == 1 ? specs.front() : sdo(std::move(specs)); }

/// A function of the vocabulary: its arguments, then its children.
Result<int> plain(Call& call) {
  auto* function =
      static_cast<const StreamFunction*>(lua_touserdata(call.state(), lua_upvalueindex(1)));
  Arguments arguments = TRY(call.arguments());
  Stage stage = TRY(read_stage(*function, std::move(arguments)));
  Specs children = TRY(call.children());
  bool is_end = stage(nullptr)->children.empty();
  if (is_end && !children.empty()) {
    return Error(Code::invalid, std::string(function->name) + " takes no streams");
  }
  return call.push(stage(is_end ? nullptr : one_of(std::move(children))));
}

Result<int> fold(Call& call) {
  auto* name = static_cast<const std::string*>(lua_touserdata(call.state(), lua_upvalueindex(1)));
  return call.push(smap(*fold_called(*name), TRY(call.children())));
}

Result<int> make_stream(Call& call) {
  std::string name = TRY(call.text("a name"));
  Spec spec = one_of(TRY(call.children()));
  for (auto& each : call.made().streams) {
    if (each.name == name) {
      return Error(Code::invalid, "'" + name + "' is the name of another stream as well");
    }
  }
  if (spec->takes == Takes::vectors) {
    return Error(Code::invalid, std::string(spec->name()) + " takes vectors, but comes first");
  }
  TRY(check_shapes(*spec));
  call.made().streams.push_back({std::move(name), std::move(spec)});
  return 0;
}

Result<int> make_otherwise(Call& call) {
  auto spec = std::make_shared<StreamSpec>(*sdo(TRY(call.children())));
  spec->text = "otherwise";
  return call.push(std::move(spec));
}

Result<int> make_where(Call& call) {
  Predicate predicate = TRY(call.predicate());
  Specs yes, no;
  for (auto& child : TRY(call.children())) {
    if (child->name() == "otherwise") {
      no.insert(no.end(), child->children.begin(), child->children.end());
    } else {
      yes.push_back(child);
    }
  }
  return call.push(where(std::move(predicate), std::move(yes), std::move(no)));
}

Result<int> make_split(Call& call) {
  std::vector<Clause> clauses;
  while (!call.empty() && !call.spec_here()) {
    Predicate predicate = TRY(call.predicate());
    clauses.emplace_back(std::move(predicate), TRY(call.child("a stream")));
  }
  Spec otherwise;
  if (!call.empty()) otherwise = TRY(call.child("a stream for the rest"));
  return call.push(split(std::move(clauses), std::move(otherwise)));
}

Result<int> make_splitp(Call& call) {
  constexpr std::string_view signs[] = {"<", "<=", ">", ">=", "=", "!="};
  std::string sign = TRY(call.text("one of < <= > >= = !="));
  auto found = std::ranges::find(signs, sign);
  if (found == std::end(signs)) return Error(Code::invalid, "there is no comparison " + sign);
  Reading reading = TRY(call.reading("a field or a function"));
  std::vector<PointClause> clauses;
  while (!call.empty() && !call.spec_here()) {
    FieldValue value;
    if (call.type() == LUA_TNUMBER) {
      value = TRY(call.number("a number"));
    } else {
      value = TRY(call.text("a number or a text"));
    }
    clauses.emplace_back(std::move(value), TRY(call.child("a stream")));
  }
  Spec otherwise;
  if (!call.empty()) otherwise = TRY(call.child("a stream for the rest"));
  return call.push(splitp(static_cast<Comparison>(found - signs), std::move(reading),
                          std::move(clauses), std::move(otherwise)));
}

Result<int> make_smap(Call& call) {
  if (!call.is_function()) {
    std::string name = TRY(call.text("a function or a fold's name"));
    auto fold = fold_called(name);
    if (!fold) return Error(Code::invalid, "there is no fold '" + name + "'");
    return call.push(smap(*fold, TRY(call.children())));
  }
  auto function = TRY(call.function("a function"));
  return call.push(smap(lua_event_function(function), lua_fold(function), TRY(call.children())));
}

template <bool vectors>
Result<int> make_smapcat(Call& call) {
  auto function = TRY(call.function("a function"));
  return call.push(smapcat(lua_expansion(std::move(function), vectors), TRY(call.children())));
}

Result<int> make_sreduce(Call& call) {
  auto function = TRY(call.function("a function of two events"));
  std::optional<Event> initial;
  if (call.type() == LUA_TTABLE) {
    lua_pushvalue(call.state(), 2);
    initial.emplace();
    TRY(pop_event(call.state(), *initial));
    call.skip();
  }
  return call.push(
      sreduce(lua_reducer(std::move(function)), std::move(initial), TRY(call.children())));
}

Result<int> make_adjust(Call& call) {
  Field field(TRY(call.text("a field")));
  Reading value = call.is_function() ? lua_reading(TRY(call.function("a function")))
                                     : TRY(read_template(TRY(call.text("a text or a function"))));
  return call.push(adjust(std::move(field), std::move(value), TRY(call.children())));
}

Result<int> make_by(Call& call) {
  Readings readings = TRY(call.readings());
  return call.push(by(std::move(readings), TRY(call.children())));
}

Result<int> make_by_builder(Call& call) {
  Readings readings = TRY(call.readings());
  auto function = TRY(call.function("a function that gives a stream"));
  auto maker = [function](const std::vector<FieldValue>& values) -> Result<Specs> {
    lua_State* state = function->push();
    for (auto& value : values) push_value(state, view(value));
    auto called = function->machine().call(static_cast<int>(values.size()), 1);
    Specs out;
    if (called.ok()) {
      const Spec* spec = spec_of(state, -1);
      if (spec) out.push_back(*spec);
      lua_pop(state, 1);
    }
    made_by(state).forget();
    TRY(std::move(called));
    if (out.empty()) return Error(Code::invalid, "the function of by_builder must give a stream");
    return out;
  };
  return call.push(by_builder(std::move(readings), function->text(), std::move(maker)));
}

Result<int> make_changed(Call& call) {
  Reading reading = TRY(call.reading("a field or a function"));
  ChangedOptions options;
  if (call.type() == LUA_TTABLE) {
    lua_State* state = call.state();
    lua_getfield(state, 2, "init");
    options.initial = TRY(pop_value(state));
    lua_getfield(state, 2, "pairs");
    options.pairs = lua_toboolean(state, -1);
    lua_pop(state, 1);
    call.skip();
  } else if (call.type() == LUA_TSTRING) {
    options.initial = TRY(call.text("what it is at first"));
  }
  return call.push(changed(std::move(reading), TRY(call.children()), std::move(options)));
}

Result<int> make_stable(Call& call) {
  Duration dt = TRY(call.duration("a length of time"));
  Reading reading = TRY(call.reading("a field or a function"));
  return call.push(stable(dt, std::move(reading), TRY(call.children())));
}

Result<int> make_runs(Call& call) {
  std::size_t n = TRY(call.count("the number of events"));
  Reading reading = TRY(call.reading("a field or a function"));
  return call.push(runs(n, std::move(reading), TRY(call.children())));
}

Result<int> make_top(Call& call) {
  std::size_t k = TRY(call.count("the number of events"));
  Reading reading = TRY(call.reading("a field or a function"));
  Spec above = TRY(call.child("a stream"));
  return call.push(top(k, std::move(reading), {std::move(above)}, TRY(call.children())));
}

Result<int> make_dual(Call& call) {
  Predicate predicate = TRY(call.predicate());
  Spec yes = TRY(call.child("a stream"));
  Spec no = TRY(call.child("a second stream"));
  return call.push(dual(std::move(predicate), {std::move(yes)}, {std::move(no)}));
}

Result<int> make_project(Call& call) {
  std::vector<Predicate> basis;
  while (!call.empty() && !call.spec_here()) basis.push_back(TRY(call.predicate()));
  return call.push(project(std::move(basis), TRY(call.children())));
}

Result<int> make_apdex(Call& call) {
  Duration dt = TRY(call.duration("an interval"));
  Predicate satisfied = TRY(call.predicate());
  Predicate tolerated = TRY(call.predicate());
  return call.push(apdex(dt, std::move(satisfied), std::move(tolerated), TRY(call.children())));
}

Result<int> make_exception_stream(Call& call) {
  Spec exceptions = TRY(call.child("the stream of failures"));
  return call.push(exception_stream(std::move(exceptions), TRY(call.children())));
}

Result<int> make_shared(Call& call) { return call.push(shared(TRY(call.child("a stream")))); }

/// The function as an end: it is called with each event.
Result<int> make_call(Call& call) {
  auto function = TRY(call.function("a function"));
  EventFunction done = lua_event_function(function);
  auto apply = [inner = lua_predicate(function)](const Event& in, Event&) -> Result<bool> {
    TRY(inner.holds(in, {}));
    return false;
  };
  return call.push(smap(EventFunction{"call " + done.text, std::move(apply)}, {}));
}

/// pipe(f, g, last): f(g(last)), in the order in which events flow.
Result<int> make_pipe(Call& call) {
  lua_State* state = call.state();
  int count = lua_gettop(state);
  if (count == 0 || !call.spec_at(count)) {
    return Error(Code::invalid, "the last argument of pipe must be a stream");
  }
  lua_pushvalue(state, count);
  for (int at = count - 1; at > 0; --at) {
    if (!lua_isfunction(state, at)) {
      return Error(Code::invalid,
                   "argument " + std::to_string(at) + " must be a function of a stream");
    }
    lua_pushvalue(state, at);
    lua_insert(state, -2);
    if (lua_pcall(state, 1, 1, 0) != LUA_OK) {
      const char* text = lua_tostring(state, -1);
      return Error(Code::invalid, text ? text : "a stage of pipe failed");
    }
    if (!spec_of(state, -1)) {
      return Error(Code::invalid, "argument " + std::to_string(at) + " gave no stream");
    }
  }
  return 1;
}

constexpr std::pair<const char*, lua_CFunction> functions[] = {
    {"adjust", bound<make_adjust>},
    {"apdex", bound<make_apdex>},
    {"by", bound<make_by>},
    {"by_builder", bound<make_by_builder>},
    {"call", bound<make_call>},
    {"changed", bound<make_changed>},
    {"dual", bound<make_dual>},
    {"exception_stream", bound<make_exception_stream>},
    {"otherwise", bound<make_otherwise>},
    {"pipe", bound<make_pipe>},
    {"project", bound<make_project>},
    {"runs", bound<make_runs>},
    {"shared", bound<make_shared>},
    {"smap", bound<make_smap>},
    {"smapcat", bound<make_smapcat<false>>},
    {"smapcat_all", bound<make_smapcat<true>>},
    {"split", bound<make_split>},
    {"splitp", bound<make_splitp>},
    {"sreduce", bound<make_sreduce>},
    {"stable", bound<make_stable>},
    {"stream", bound<make_stream>},
    {"top", bound<make_top>},
    {"where", bound<make_where>},
};

void declare_all(lua_State* state, Made& made) {
  luaL_newmetatable(state, spec_type);
  lua_pop(state, 1);
  lua_pushlightuserdata(state, &made);
  lua_setfield(state, LUA_REGISTRYINDEX, made_key);
  for (auto& function : vocabulary()) {
    lua_pushlightuserdata(state, const_cast<StreamFunction*>(&function));
    lua_pushcclosure(state, bound<plain>, 1);
    lua_setglobal(state, std::string(function.name).c_str());
  }
  for (auto& name : fold_names()) {
    if (name.ends_with('*')) continue;
    lua_pushlightuserdata(state, const_cast<std::string*>(&name));
    lua_pushcclosure(state, bound<fold>, 1);
    lua_setglobal(state, name.c_str());
  }
  for (auto& [name, function] : functions) {
    lua_pushcfunction(state, function);
    lua_setglobal(state, name);
  }
}

}  // namespace

Result<std::vector<NamedSpec>> read_lua_streams(std::string_view text, const std::string& name,
                                                LuaLimits limits) {
  auto machine = LuaMachine::make(limits);
  auto made = std::make_shared<Made>();
  machine->keep(made);
  declare_all(machine->state(), *made);
  auto ran = machine->run(text, name);
  made->forget();  // also after a failure: what was made refers to the machine, which keeps it
  auto streams = std::exchange(made->streams, {});
  TRY(std::move(ran));
  return streams;
}

}  // namespace berth::observe::streams
