#include "placement/system_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace berth::placement {

namespace {

constexpr std::string_view root_file = "berth.toml";
constexpr std::string_view source_keys[] = {"build", "image", "command"};
/// They stand for callers that are no services (docs/formats/api.md, `calls`).
constexpr std::string_view reserved_names[] = {"gateway", "bus", "unknown", "localhost"};

/// "a/b.toml" of "./a//b.toml"; nothing if it leaves the folder.
std::optional<std::string> inside_folder(std::string_view path) {
  if (path.starts_with('/') || path.contains('\0')) return std::nullopt;
  std::string out;
  for (std::string_view part : split(path, '/')) {
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    out += (out.empty() ? "" : "/") + std::string(part);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

struct Include {
  std::string path;
  TomlPlace place;
};

std::vector<Include> read_includes(TomlReader& root, TomlErrors& errors) {
  std::vector<Include> includes;
  if (!root.strings("include")) return includes;
  for (const TomlValue& item : root.table().find("include")->items()) {
    if (!item.string()) continue;  // told already
    auto path = inside_folder(*item.string());
    bool twice = path && std::ranges::find(includes, *path, &Include::path) != includes.end();
    if (!path)
      errors.add({item.place(),
                  fmt::format("include '{}' is not a file in the system's folder", *item.string()),
                  "a path within the folder of berth.toml", ""});
    else if (twice || *path == root_file)
      errors.add({item.place(), fmt::format("'{}' is included twice", *path), "", ""});
    else
      includes.push_back({*path, item.place()});
  }
  if (includes.size() > SystemText::includes_max) {
    root.fail("include", fmt::format("has {} files; at most {} are read", includes.size(),
                                     SystemText::includes_max));
    includes.clear();
  }
  return includes;
}

void read_name(TomlReader& root, SystemText& out) {
  auto system = root.table("system");
  if (!root.has("system"))
    root.fail("system", "is missing: the file begins with [system] and its name",
              "[system] with name = \"...\"");
  if (!system) return;
  system->require("name");
  if (auto name = system->string("name")) {
    out.name = *name;
    out.name_place = system->table().find("name")->place();
    if (!is_label(*name))
      system->fail("name", fmt::format("must be {}, found '{}'", a_label, *name),
                   std::string(a_label), label_like(*name));
  }
  out.only_declared_calls = system->boolean("only_declared_calls").value_or(false);
  system->finish();
}

/// Reads files one after another into one SystemText.
class TextReader {
 public:
  TextReader(const SystemFiles& files, TomlErrors& errors) : files_(files), errors_(errors) {}

  SystemText read() {
    auto text = files_.texts.find(std::string(root_file));
    if (text == files_.texts.end()) {
      errors_.add({{std::make_shared<const std::string>(root_file), 1, 1},
                   "there is no berth.toml",
                   "",
                   ""});
      return {};
    }
    auto root = parsed(text->first, text->second);
    if (!root) return {};
    TomlReader reader(*root, "", errors_);
    read_name(reader, out_);
    for (const Include& include : read_includes(reader, errors_)) read_included(include);
    take_parts(reader);
    reader.finish();
    if (out_.services.empty() && !errors_.any())
      errors_.add({root->place(), "the file names no service", "at least one [service.NAME]", ""});
    if (out_.services.size() > SystemText::services_max)
      errors_.add({root->place(),
                   fmt::format("the system has {} services; at most {} are placed",
                               out_.services.size(), SystemText::services_max),
                   "", ""});
    std::ranges::sort(out_.services, {}, &ServiceText::name);
    return std::move(out_);
  }

 private:
  std::optional<TomlValue> parsed(const std::string& path, const std::string& text) {
    TomlProblem problem;
    auto value = TomlValue::parse(text, path, problem);
    if (!value) errors_.add(std::move(problem));
    return value;
  }

  void read_included(const Include& include) {
    auto text = files_.texts.find(include.path);
    if (text == files_.texts.end()) {
      errors_.add({include.place, fmt::format("there is no file '{}'", include.path), "", ""});
      return;
    }
    auto table = parsed(text->first, text->second);
    if (!table) return;
    TomlReader reader(*table, "", errors_);
    for (const char* key : {"system", "include"})
      if (reader.value(key)) reader.fail(key, "may stand in berth.toml only");
    take_parts(reader);
    reader.finish();
  }

  void take_parts(TomlReader& reader) {
    reader.not_yet({"job"});
    reader.tables("service");  // tells those that are no table
    if (const TomlValue* services = reader.table().find("service"))
      for (const TomlMember& member : services->members())
        if (member.value.is_table()) add_service(member);
    for (auto& [name, table] : reader.tables("environment")) add_environment(name, table);
  }

  void add_service(const TomlMember& member) {
    const std::string& name = member.key;
    auto reserved = std::ranges::find(reserved_names, name) != std::end(reserved_names);
    if (!is_label(name))
      errors_.add({member.key_place,
                   fmt::format("the service's name '{}' must be {}", name, a_label),
                   std::string(a_label), label_like(name)});
    else if (reserved)
      errors_.add(
          {member.key_place,
           fmt::format("no service may be named '{}': it stands for callers that are none", name),
           "another name", ""});
    auto there = std::ranges::find(out_.services, name, &ServiceText::name);
    if (there == out_.services.end())
      out_.services.push_back({name, member.key_place, member.value, {}});
    else
      errors_.add({member.key_place,
                   fmt::format("service.{} is described twice; first at {}", name,
                               there->name_place.text()),
                   "", ""});
  }

  void add_environment(const std::string& name, TomlReader& table) {
    if (!is_label(name))
      errors_.add({table.table().place(),
                   fmt::format("the environment's name '{}' must be {}", name, a_label),
                   std::string(a_label), label_like(name)});
    table.tables("service");
    table.not_yet({"domain", "engines"});
    table.finish();
    bool known = out_.environments.contains(name);
    if (!known && out_.environments.size() >= SystemText::environments_max)
      errors_.add({table.table().place(),
                   fmt::format("at most {} environments are read", SystemText::environments_max),
                   "", ""});
    else
      out_.environments[name].push_back(table.table());
  }

  const SystemFiles& files_;
  TomlErrors& errors_;
  SystemText out_;
};

void overlay_service(std::vector<ServiceText>& services, const TomlMember& over,
                     TomlErrors& errors) {
  if (!over.value.is_table()) return;  // told already
  auto there = std::ranges::find(services, over.key, &ServiceText::name);
  std::vector<std::string> sources;
  for (std::string_view key : source_keys)
    if (over.value.find(key)) sources.emplace_back(key);
  if (there != services.end()) {
    if (!sources.empty()) there->sources = sources;
    there->table.overlay(over.value);
    return;
  }
  if (is_label(over.key) && !sources.empty()) {  // one that is in this environment only
    services.push_back({over.key, over.key_place, over.value, {}});
    return;
  }
  std::vector<std::string_view> names;
  names.reserve(services.size());
  for (const ServiceText& service : services) names.push_back(service.name);
  errors.add({over.key_place, fmt::format("there is no service '{}' to change", over.key),
              fmt::format("one of {}", fmt::join(names, ", ")),
              std::string(nearest_word(over.key, names))});
}

}  // namespace

bool is_label(std::string_view text) {
  auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 40 && letter(text[0]) && text.back() != '-' &&
         std::ranges::all_of(text, fits);
}

std::string label_like(std::string_view text) {
  std::string out = lower(text);
  for (char& c : out)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '-';
  return is_label(out) ? out : "";
}

SystemText read_text(const SystemFiles& files, TomlErrors& errors) {
  return TextReader(files, errors).read();
}

std::vector<ServiceText> services_in(const SystemText& text, const std::string& environment,
                                     TomlErrors& errors) {
  std::vector<ServiceText> services = text.services;
  auto overlays = text.environments.find(environment);
  if (overlays == text.environments.end()) return services;
  for (const TomlValue& overlay : overlays->second) {
    const TomlValue* over = overlay.find("service");
    if (!over) continue;
    for (const TomlMember& member : over->members()) overlay_service(services, member, errors);
  }
  std::ranges::sort(services, {}, &ServiceText::name);
  return services;
}

std::vector<std::string> included_files(std::string_view root_text) {
  TomlProblem problem;
  auto root = TomlValue::parse(root_text, std::string(root_file), problem);
  if (!root) return {};
  TomlErrors errors;
  TomlReader reader(*root, "", errors);
  std::vector<std::string> paths;
  for (Include& include : read_includes(reader, errors)) paths.push_back(std::move(include.path));
  return paths;
}

}  // namespace berth::placement
