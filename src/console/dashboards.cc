#include "console/dashboards.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace berth::console {
namespace {

constexpr std::string_view ending = ".toml";

std::string revision_of(std::string_view text) { return fmt::format("{:016x}", hash64(text)); }

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

bool is_dashboard_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || !std::ranges::all_of(name, is_name_char)) return false;
  return name[0] != '-' && name[0] != '_' && name[0] != '.';
}

const DashboardFile* built_in_dashboard(std::string_view name) {
  auto found = std::ranges::find(built_in_dashboards(), name, &DashboardFile::name);
  return found == built_in_dashboards().end() ? nullptr : &*found;
}

Deferred<std::vector<std::string>> Dashboards::names() {
  auto entries = co_await world_.disk.list(folder_).result();
  std::vector<std::string> names;
  if (!entries.ok() && entries.error().is(Code::not_found)) co_return names;
  auto list = co_await or_return(std::move(entries));
  for (auto& entry : list) {
    if (entry.is_folder || !entry.name.ends_with(ending)) continue;
    std::string name = entry.name.substr(0, entry.name.size() - ending.size());
    if (is_dashboard_name(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  co_return names;
}

Deferred<std::optional<std::string>> Dashboards::read(std::string name) {
  auto text = co_await world_.disk.read_file(path(name), Dashboard::text_bytes_max).result();
  if (!text.ok() && text.error().is(Code::not_found)) co_return std::nullopt;
  co_return co_await or_return(std::move(text));
}

Deferred<std::vector<DashboardFile>> Dashboards::all() {
  std::vector<DashboardFile> all;
  auto kept = co_await names();
  for (auto& file : built_in_dashboards()) {
    if (!std::ranges::binary_search(kept, file.name)) all.push_back(file);
  }
  for (auto& name : kept) {
    auto text = co_await read(name).result();
    // One that was removed meanwhile, or is too large to be one.
    if (!text.ok() || !*text) continue;
    std::string revision = revision_of(**text);
    all.push_back({name, std::move(**text), std::move(revision)});
  }
  co_return all;
}

Deferred<DashboardFile> Dashboards::get(std::string name) {
  std::optional<std::string> text;
  if (is_dashboard_name(name)) text = co_await read(name);
  if (text) {
    std::string revision = revision_of(*text);
    co_return DashboardFile{std::move(name), std::move(*text), std::move(revision)};
  }
  if (auto* file = built_in_dashboard(name)) co_return *file;
  auto kept = co_await names();
  std::vector<std::string_view> words(kept.begin(), kept.end());
  for (auto& file : built_in_dashboards()) words.push_back(file.name);
  auto nearest = nearest_word(name, words);
  co_return Error(Code::not_found,
                  fmt::format("there is no dashboard '{}'", name) +
                      (nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

/// Whether what is kept has that revision still.
Deferred<void> Dashboards::expect(std::string name, std::string revision) {
  auto text = co_await read(name);
  std::string now = text ? revision_of(*text) : "";
  if (now == revision) co_return;
  std::string what = "was removed by somebody else";
  if (text) what = "was changed by somebody else";
  if (revision.empty()) what = "is there already";
  co_await fail_with(Error(Code::conflict, fmt::format("the dashboard '{}' {}", name, what)));
}

Deferred<std::string> Dashboards::put(std::string name, std::string text, std::string revision) {
  auto permit = co_await writing_.acquire();
  co_await expect(name, revision);
  if (revision.empty()) {
    auto kept = co_await names();
    if (kept.size() >= files_max) {
      co_return Error(Code::overloaded,
                      fmt::format("there are {} dashboards already; remove one", kept.size()));
    }
    co_await world_.disk.make_durable_folder(folder_);
  }
  std::string next = revision_of(text);
  co_await world_.disk.replace_file(path(name), std::move(text));
  co_return next;
}

Deferred<void> Dashboards::remove(std::string name, std::string revision) {
  auto permit = co_await writing_.acquire();
  auto text = co_await read(name);
  if (!text) {
    std::string what = fmt::format("there is no dashboard '{}'", name);
    if (built_in_dashboard(name)) what = fmt::format("the dashboard '{}' is built in", name);
    co_await fail_with(Error(Code::not_found, std::move(what)));
  }
  co_await expect(name, revision);
  co_await world_.disk.remove(path(name));
  co_await world_.disk.sync_folder(folder_);
}

}  // namespace berth::console
