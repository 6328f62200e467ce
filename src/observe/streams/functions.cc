#include "observe/streams/functions.h"

#include <re2/re2.h>

#include <algorithm>

namespace berth::observe::streams {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (auto& word : words) out += " \"" + word + "\"";
  return out;
}

}  // namespace

Predicate::Predicate(Query query)
    : text_(query.text()), query_(std::make_shared<const Query>(std::move(query))) {}

Result<Predicate> match_predicate(const Field& field, const Matcher& matcher) {
  std::string text = "match " + field.name();
  if (matcher.values.empty()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto expression = std::make_shared<re2::RE2>(matcher.expression, options);
    if (!expression->ok()) {
      return Error(Code::invalid,
                   "'" + matcher.expression + "' is no regular expression: " + expression->error());
    }
    return Predicate(text + " ~" + matcher.expression,
                     [field, expression](const Event& event, WallTime) -> Result<bool> {
                       Value value = field.get(event);
                       auto* found = std::get_if<std::string_view>(&value);
                       return found &&
                              re2::RE2::PartialMatch({found->data(), found->size()}, *expression);
                     });
  }
  for (auto& each : matcher.values) {
    text += " " + std::to_string(each.index()) + "\"" + text_of(each) + "\"";
  }
  return Predicate(
      text, [field, values = matcher.values](const Event& event, WallTime) -> Result<bool> {
        Value value = field.get(event);
        return std::ranges::any_of(values, [&](auto& each) { return equal(view(each), value); });
      });
}

Predicate is_expired() {
  return {"expired",
          [](const Event& event, WallTime now) -> Result<bool> { return expired(event, now); }};
}

Predicate tagged_all_predicate(std::vector<std::string> tags) {
  std::string text = "tagged_all" + joined(tags);
  return {text, [tags = std::move(tags)](const Event& event, WallTime) -> Result<bool> {
            return std::ranges::all_of(tags, [&](auto& tag) { return has_tag(event, tag); });
          }};
}

Predicate tagged_any_predicate(std::vector<std::string> tags) {
  std::string text = "tagged_any" + joined(tags);
  return {text, [tags = std::move(tags)](const Event& event, WallTime) -> Result<bool> {
            return std::ranges::any_of(tags, [&](auto& tag) { return has_tag(event, tag); });
          }};
}

Result<Value> Reading::get(const Event& event, FieldValue& room) const {
  if (field_) return field_->get(event);
  room = TRY(function_(event));
  return view(room);
}

std::string text_of(const Readings& readings) {
  std::string out;
  for (auto& each : readings) out += " " + each.text();
  return out;
}

std::string text_of(const Settings& settings) {
  std::string out;
  for (auto& each : settings) {
    out += " " + each.field.name() + "=" + std::to_string(each.value.index()) + "\"" +
           text_of(each.value) + "\"";
  }
  return out;
}

Points points(std::vector<double> at) {
  Points out;
  for (double each : at) out.push_back({each, " " + text_of(FieldValue(each))});
  return out;
}

}  // namespace berth::observe::streams
