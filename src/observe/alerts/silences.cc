#include "observe/alerts/silences.h"

#include <algorithm>

#include "observe/promql/parser.h"

namespace berth::observe {

Result<void> Silences::add(Silence silence) {
  if (all_.size() >= silences_max) {
    return Error(Code::overloaded, "there are 1000 silences already; end some");
  }
  std::string selector = silence.matchers;
  if (!selector.starts_with('{')) selector = "{" + selector + "}";
  auto matchers = promql::parse_selector(selector);
  if (!matchers.ok()) {
    return Error(Code::invalid, "the matchers of a silence are wrong: " + matchers.error().text());
  }
  if (matchers->empty()) return Error(Code::invalid, "a silence needs a matcher");
  if (silence.ends <= silence.starts) {
    return Error(Code::invalid, "a silence must end after it starts");
  }
  silence.matchers = selector;
  all_.push_back({std::move(silence), std::move(*matchers)});
  return {};
}

bool Silences::end(std::string_view id, WallTime now) {
  for (auto& each : all_) {
    if (each.silence.id != id || each.silence.ends <= now) continue;
    each.silence.ends = now;
    each.silence.starts = std::min(each.silence.starts, now);
    return true;
  }
  return false;
}

bool Silences::forget(WallTime now) {
  return std::erase_if(all_, [&](auto& each) { return now - each.silence.ends > ended_kept; }) > 0;
}

const Silence* Silences::of(const promql::Labels& labels, WallTime now) const {
  for (auto& [silence, matchers] : all_) {
    if (now < silence.starts || now >= silence.ends) continue;
    bool all = std::ranges::all_of(matchers, [&](auto& each) { return each.accepts(labels); });
    if (all) return &silence;
  }
  return nullptr;
}

std::vector<Silence> Silences::all() const {
  std::vector<Silence> out;
  for (auto& each : all_) out.push_back(each.silence);
  return out;
}

Json silence_json(const Silence& silence) {
  Json out = Json::object();
  out.add_member("id", silence.id).add_member("matchers", silence.matchers);
  out.add_member("starts", silence.starts.nanoseconds).add_member("ends", silence.ends.nanoseconds);
  out.add_member("by", silence.by).add_member("comment", silence.comment);
  return out;
}

Json Silences::json() const {
  Json out = Json::array();
  for (auto& each : all_) out.add(silence_json(each.silence));
  return out;
}

void Silences::restore(const Json& json) {
  for (auto& each : json.items()) {
    Silence silence;
    silence.id = each["id"].string_or("");
    silence.matchers = each["matchers"].string_or("");
    silence.starts = {each["starts"].integer().value_or(0)};
    silence.ends = {each["ends"].integer().value_or(0)};
    silence.by = each["by"].string_or("");
    silence.comment = each["comment"].string_or("");
    if (!silence.id.empty()) (void)add(std::move(silence));
  }
}

}  // namespace berth::observe
