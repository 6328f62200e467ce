#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/units.h"
#include "catalog/calls.h"
#include "placement/spec.h"

namespace berth::placement {

namespace {

using Written = std::vector<std::pair<std::string, std::string>>;

/// A basic string of TOML is written as one of JSON.
std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string quoted(const std::vector<std::string>& texts) {
  if (texts.empty()) return "";
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "[" : ", ") + quoted(text);
  return out + "]";
}

std::string written(Duration value) { return quoted(write_duration(value)); }

std::string key_in(std::string_view table, std::string_view key) {
  bool bare = std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return fmt::format("{}.{}", table, bare && !key.empty() ? std::string(key) : quoted(key));
}

std::string written_port(const ServiceSpec& spec) {
  if (!spec.has_port) return "false";
  return spec.port ? fmt::format("{}", spec.port) : "";
}

std::string written_routes(const ServiceSpec& spec) {
  std::vector<std::string> texts;
  texts.reserve(spec.routes.size());
  for (const catalog::PublicRoute& route : spec.routes) {
    std::string place = route.label + (route.path == "/" ? "" : route.path);
    texts.push_back(route.rules.empty() ? quoted(place) : route.rules);
  }
  if (texts.size() == 1) return texts[0];
  return texts.empty() ? "" : fmt::format("[{}]", fmt::join(texts, ", "));
}

void add_health(const HealthCheck& health, Written& out) {
  switch (health.kind) {
    case HealthCheck::Kind::process:
      out.emplace_back("health.process", "true");
      return;  // nothing is asked, so the rest does not count
    case HealthCheck::Kind::tcp:
      out.emplace_back("health.tcp", "true");
      break;
    case HealthCheck::Kind::http:
      out.emplace_back("health.path", quoted(health.target));
      break;
    case HealthCheck::Kind::command:
      out.emplace_back("health.command", quoted(health.target));
      break;
  }
  out.emplace_back("health.interval", written(health.interval));
  out.emplace_back("health.timeout", written(health.timeout));
  out.emplace_back("health.grace", written(health.grace));
  out.emplace_back("health.rise", fmt::format("{}", health.rise));
  out.emplace_back("health.fall", fmt::format("{}", health.fall));
}

std::string_view value_of(const Written& all, std::string_view key) {
  auto found = std::ranges::find(all, key, &Written::value_type::first);
  return found == all.end() ? std::string_view() : found->second;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> written_settings(const ServiceSpec& spec) {
  constexpr std::string_view sources[] = {"command", "image", "build"};
  Written out;
  out.emplace_back(sources[static_cast<std::size_t>(spec.source)], quoted(spec.run));
  out.emplace_back("folder", quoted(spec.folder));
  out.emplace_back("port", written_port(spec));
  out.emplace_back("instances", fmt::format("{}", spec.instances));
  out.emplace_back("cpu", spec.cpu_millicores ? quoted(write_cpu(spec.cpu_millicores)) : "");
  out.emplace_back("memory", spec.memory_bytes ? quoted(write_size(spec.memory_bytes)) : "");
  add_health(spec.health, out);
  out.emplace_back("public", written_routes(spec));
  out.emplace_back("needs", quoted(spec.needs));
  if (spec.has_port) {
    for (auto& setting : catalog::written_calls(spec.calls)) out.push_back(std::move(setting));
  }
  for (const auto& [key, value] : spec.env) out.emplace_back(key_in("env", key), quoted(value));
  for (const auto& [topic, path] : spec.on) out.emplace_back(key_in("on", topic), quoted(path));
  out.emplace_back("update.parallel", fmt::format("{}", spec.update.parallel));
  out.emplace_back("update.healthy_for", written(spec.update.healthy_for));
  out.emplace_back("update.deadline", written(spec.update.deadline));
  return out;
}

std::vector<FieldChange> differences(const ServiceSpec& from, const ServiceSpec& to) {
  Written before = written_settings(from);
  Written after = written_settings(to);
  std::vector<FieldChange> changes;
  for (const auto& [key, value] : before) {
    std::string_view now = value_of(after, key);
    if (now != value) changes.push_back({key, value, std::string(now)});
  }
  for (const auto& [key, value] : after) {
    bool known = std::ranges::find(before, key, &Written::value_type::first) != before.end();
    if (!known && !value.empty()) changes.push_back({key, "", value});
  }
  return changes;
}

}  // namespace berth::placement
