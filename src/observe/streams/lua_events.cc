#include <lua.hpp>

#include "observe/streams/lua_machine.h"

// Events to tables and back, and functions of scripts as what streams are given.

namespace berth::observe::streams {
namespace {

void set_text(lua_State* state, const char* key, const std::string& text) {
  if (text.empty()) return;
  lua_pushlstring(state, text.data(), text.size());
  lua_setfield(state, -2, key);
}

void set_number(lua_State* state, const char* key, double number) {
  lua_pushnumber(state, number);
  lua_setfield(state, -2, key);
}

std::string text_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(state, index, &size);
  return text ? std::string(text, size) : "";
}

/// The value at the top, which stays.
Result<FieldValue> value_at_top(lua_State* state) {
  switch (lua_type(state, -1)) {
    case LUA_TNIL:
      return FieldValue();
    case LUA_TNUMBER:
      return FieldValue(lua_tonumber(state, -1));
    case LUA_TSTRING:
      return FieldValue(text_at(state, -1));
    case LUA_TBOOLEAN:
      return FieldValue(std::string(lua_toboolean(state, -1) ? "true" : "false"));
    case LUA_TTABLE: {
      std::vector<std::string> tags;
      for (lua_Integer i = 1;; ++i) {
        int type = lua_rawgeti(state, -1, i);
        if (type == LUA_TSTRING) tags.push_back(text_at(state, -1));
        lua_pop(state, 1);
        if (type == LUA_TNIL) return FieldValue(std::move(tags));
        if (type != LUA_TSTRING) return Error(Code::invalid, "tags must be texts");
      }
    }
    default:
      return Error(Code::invalid,
                   std::string("a value may not be a ") + lua_typename(state, lua_type(state, -1)));
  }
}

Result<void> read_member(lua_State* state, Event& out) {
  if (lua_type(state, -2) != LUA_TSTRING) {
    return Error(Code::invalid, "an event's fields must have names");
  }
  Field field(text_at(state, -2));
  FieldValue value = TRY(value_at_top(state));
  if (!field.takes(value)) {
    std::string wanted = field.kind() == Field::Kind::tags ? "a list of texts"
                         : field.is_text()                 ? "a text"
                                                           : "a number";
    return Error(Code::invalid, "an event's " + field.name() + " must be " + wanted + ", not a " +
                                    lua_typename(state, lua_type(state, -1)));
  }
  field.set(out, value);
  return {};
}

}  // namespace

void push_event(lua_State* state, const Event& event) {
  lua_createtable(state, 0, 8);
  set_text(state, "host", event.host);
  set_text(state, "service", event.service);
  set_text(state, "state", event.state);
  set_text(state, "description", event.description);
  if (event.metric) set_number(state, "metric", *event.metric);
  if (has_time(event)) set_number(state, "time", seconds_of(event.time));
  if (event.ttl != Duration(0)) set_number(state, "ttl", seconds_of(event.ttl));
  if (!event.tags.empty()) {
    push_value(state, &event.tags);
    lua_setfield(state, -2, "tags");
  }
  for (auto& [key, value] : event.attributes) set_text(state, key.c_str(), value);
}

void push_value(lua_State* state, const Value& value) {
  if (auto* number = std::get_if<double>(&value)) {
    lua_pushnumber(state, *number);
  } else if (auto* text = std::get_if<std::string_view>(&value)) {
    lua_pushlstring(state, text->data(), text->size());
  } else if (auto* tags = std::get_if<3>(&value)) {
    lua_createtable(state, static_cast<int>((*tags)->size()), 0);
    lua_Integer at = 0;
    for (auto& tag : **tags) {
      lua_pushlstring(state, tag.data(), tag.size());
      lua_rawseti(state, -2, ++at);
    }
  } else {
    lua_pushnil(state);
  }
}

void push_batch(lua_State* state, Batch batch) {
  lua_createtable(state, static_cast<int>(batch.size()), 0);
  lua_Integer at = 0;
  for (auto* event : batch) {
    event ? push_event(state, *event) : lua_pushboolean(state, 0);
    lua_rawseti(state, -2, ++at);
  }
}

Result<bool> pop_event(lua_State* state, Event& out) {
  if (lua_isnil(state, -1) || (lua_isboolean(state, -1) && !lua_toboolean(state, -1))) {
    lua_pop(state, 1);
    return false;
  }
  if (!lua_istable(state, -1)) {
    std::string found = lua_typename(state, lua_type(state, -1));
    lua_pop(state, 1);
    return Error(Code::invalid, "an event must be a table, not a " + found);
  }
  clear(out);
  lua_pushnil(state);
  while (lua_next(state, -2)) {
    auto read = read_member(state, out);
    lua_pop(state, 1);
    if (read.ok()) continue;
    lua_pop(state, 2);
    return std::move(read).error();
  }
  lua_pop(state, 1);
  return true;
}

Result<FieldValue> pop_value(lua_State* state) {
  auto out = value_at_top(state);
  lua_pop(state, 1);
  return out;
}

Predicate lua_predicate(SharedLuaFunction function) {
  return {function->text(), [function](const Event& event, WallTime) -> Result<bool> {
            lua_State* state = function->push();
            push_event(state, event);
            TRY(function->machine().call(1, 1));
            bool holds = lua_toboolean(state, -1);
            lua_pop(state, 1);
            return holds;
          }};
}

Reading lua_reading(SharedLuaFunction function) {
  return {function->text(), [function](const Event& event) -> Result<FieldValue> {
            lua_State* state = function->push();
            push_event(state, event);
            TRY(function->machine().call(1, 1));
            return pop_value(state);
          }};
}

EventFunction lua_event_function(SharedLuaFunction function) {
  return {function->text(), [function](const Event& in, Event& out) -> Result<bool> {
            lua_State* state = function->push();
            push_event(state, in);
            TRY(function->machine().call(1, 1));
            return pop_event(state, out);
          }};
}

Fold lua_fold(SharedLuaFunction function) {
  return {function->text(), [function](Batch events, Event& out) -> Result<bool> {
            lua_State* state = function->push();
            push_batch(state, events);
            TRY(function->machine().call(1, 1));
            return pop_event(state, out);
          }};
}

Expansion lua_expansion(SharedLuaFunction function, bool takes_vectors) {
  auto apply = [function, takes_vectors](Batch in, auto& emit) -> Result<void> {
    lua_State* state = function->push();
    takes_vectors ? push_batch(state, in) : push_event(state, *in.front());
    TRY(function->machine().call(1, 1));
    std::vector<Event> made;
    if (lua_istable(state, -1)) {
      for (lua_Integer i = 1;; ++i) {
        lua_rawgeti(state, -1, i);
        Event event;
        auto read = pop_event(state, event);
        if (!read.ok()) lua_pop(state, 1);
        if (!TRY(std::move(read))) break;
        made.push_back(std::move(event));
      }
    }
    lua_pop(state, 1);
    // Only now: what takes them may call the same machine.
    for (auto& event : made) emit(event);
    return {};
  };
  return {function->text(), takes_vectors, std::move(apply)};
}

Reducer lua_reducer(SharedLuaFunction function) {
  return {function->text(), [function](Event& accumulated, const Event& event) -> Result<void> {
            lua_State* state = function->push();
            push_event(state, accumulated);
            push_event(state, event);
            TRY(function->machine().call(2, 1));
            Event made;
            if (TRY(pop_event(state, made))) accumulated = std::move(made);
            return {};
          }};
}

}  // namespace berth::observe::streams
