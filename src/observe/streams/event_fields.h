#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "observe/event.h"

namespace berth::observe::streams {

/// The time of an event that tells none. What came in through the door (StreamCore::inject) always
/// has one; an event that a stream made may have none.
inline constexpr WallTime no_time{std::numeric_limits<std::int64_t>::min()};
/// How long an event without a ttl counts as alive (riemann index.clj, default-ttl).
inline constexpr Duration default_ttl = 60s;

/// Some events at once, oldest first. A null pointer is a hole: what `project` has not seen yet.
/// Valid during the call that hands it on.
using Batch = std::span<const Event* const>;

inline bool has_time(const Event& event) { return event.time != no_time; }
using berth::seconds_of;
inline double seconds_of(WallTime t) { return static_cast<double>(t.nanoseconds) / 1e9; }
/// From 1970 to `latest_time`, so that a ttl or an interval can be added to any time of an event.
WallTime time_of_seconds(double seconds);
/// From 0 to `longest_ttl`.
Duration ttl_of_seconds(double seconds);
inline constexpr WallTime latest_time{7'000'000'000'000'000'000};  // in the year 2191
inline constexpr Duration longest_ttl{1'000'000'000'000'000'000};  // 31 years

/// Of state "expired", or older than its ttl (riemann streams.clj, expired?).
bool expired(const Event& event, WallTime now);
/// Host and service with state "expired", as of now (riemann common.clj, expire).
void expire(const Event& event, WallTime now, Event& out);
/// Without anything in it.
void clear(Event& event);
bool same_event(const Event& a, const Event& b);
bool has_tag(const Event& event, std::string_view tag);

/// What a field holds, referring to the event: nothing, a number, a text, or tags.
using Value =
    std::variant<std::monostate, double, std::string_view, const std::vector<std::string>*>;
bool equal(const Value& a, const Value& b);
/// Less, equal, greater as <0, 0, >0: nothing before numbers before texts before tags.
int compare(const Value& a, const Value& b);
inline bool is_nothing(const Value& value) { return value.index() == 0; }

/// What a field is set to.
using FieldValue = std::variant<std::monostate, double, std::string, std::vector<std::string>>;
Value view(const FieldValue& value);
/// Copies what the value refers to, into the room that is there.
void keep(FieldValue& into, const Value& value);
std::string text_of(const FieldValue& value);

/// A field of events by its name: the nine of Riemann's, or an attribute. An empty text, no metric,
/// no time, no ttl and no tags read as nothing (nil). Time and ttl are in seconds.
class Field {
 public:
  enum class Kind : std::uint8_t {
    host,
    service,
    state,
    description,
    metric,
    time,
    ttl,
    tags,
    attribute,
  };

  Field(std::string_view name);
  Field(const char* name) : Field(std::string_view(name)) {}
  Field(const std::string& name) : Field(std::string_view(name)) {}

  Kind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  bool is_text() const { return kind_ <= Kind::description || kind_ == Kind::attribute; }
  Value get(const Event& event) const;
  /// False if such a value cannot stand in this field: a text as the metric.
  bool takes(const FieldValue& value) const;
  /// A value that it does not take becomes nothing.
  void set(Event& event, const FieldValue& value) const;

 private:
  Kind kind_;
  std::string name_;
};

/// Appends what tells this value from others, for keys of tables.
void append_key(std::string& key, const Value& value);

}  // namespace berth::observe::streams
