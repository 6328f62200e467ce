#include "runtime/log_tail.h"

#include <algorithm>

#include "async/clock.h"
#include "base/json.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

constexpr std::size_t end_bytes_max = 16 << 20;  // that is read of one log for its last lines

std::string log_name(std::string_view id) {
  std::string name(id);
  name[name.rfind('/')] = '.';
  return name;
}

/// The newest `lines` of them from `from` on, by time; those of one time as they stood.
std::vector<LogLine> newest(std::vector<LogLine> all, std::size_t lines, WallTime from) {
  std::erase_if(all, [&](const LogLine& line) { return line.time < from; });
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(all[i].time, i); });
  std::vector<LogLine> out;
  for (std::size_t i = order.size() - std::min(order.size(), lines); i < order.size(); ++i) {
    out.push_back(std::move(all[order[i]]));
  }
  return out;
}

}  // namespace

LogTail::LogTail(World& world, std::string state_folder, std::string service, std::string instance)
    : world_(world),
      state_folder_(std::move(state_folder)),
      service_(std::move(service)),
      instance_(std::move(instance)) {}

bool LogTail::wanted(std::string_view id) const {
  if (id.empty()) return false;
  if (!instance_.empty()) return id == instance_;
  return service_.empty() || id.substr(0, id.rfind('/')) == service_;
}

/// The logs that are wanted; none while there is no folder.
Deferred<std::vector<FolderEntry>> LogTail::entries() {
  auto all = co_await world_.disk.list(state_folder_ + "/logs").result();
  if (!all.ok()) {
    if (all.error().is(Code::not_found)) co_return std::vector<FolderEntry>();
    co_return std::move(all).error();
  }
  std::erase_if(*all,
                [&](const FolderEntry& entry) { return !wanted(instance_of_log(entry.name)); });
  if (all->size() > logs_max) all->resize(logs_max);
  co_return std::move(*all);
}

Deferred<std::vector<LogLine>> LogTail::next(MonotonicTime until) {
  std::vector<LogLine> lines = std::exchange(first_, {});
  while (lines.empty()) {
    co_await read_new(lines);
    if (!lines.empty() || world_.clock.now() >= until) break;
    co_await world_.clock.after(interval);
  }
  co_return std::move(lines);
}

Deferred<void> LogTail::read_new(std::vector<LogLine>& lines) {
  auto found = co_await entries();
  for (auto& entry : found) {
    std::string id = instance_of_log(entry.name);
    Log& log = logs_[id];
    if (entry.size == log.size && !log.more) continue;
    LogPart part = co_await read_log(world_.disk, log_path(state_folder_, id), log.position,
                                     bytes_per_log_max);
    log.size = entry.size;
    log.more = part.more;
    log.position = std::move(part.end);
    parse_log_lines(part.text, id, lines);
  }
}

Deferred<void> LogTail::begin_at_end() { return begin_with_last(0); }

Deferred<void> LogTail::begin_with_last(std::size_t lines, WallTime from) {
  auto found = co_await entries();
  for (auto& entry : found) {
    std::string id = instance_of_log(entry.name);
    LogPart part =
        co_await read_log_end(world_.disk, log_path(state_folder_, id), lines, end_bytes_max);
    logs_[id].position = std::move(part.end);
    parse_log_lines(part.text, id, first_);
  }
  first_ = newest(std::move(first_), lines, from);
}

Deferred<void> LogTail::load(std::string path) {
  auto text = co_await world_.disk.read_file(path).result();
  if (!text.ok() && text.error().is(Code::not_found)) co_return;
  Result<Json> json = text.ok() ? Json::parse(*text) : Result<Json>(text.error());
  if (!json.ok() || !(*json)["logs"].is_object()) {
    co_await begin_at_end();
    co_await fail_with(
        Error(Code::invalid, path + " cannot be read; logs are read from their end"));
  }
  for (auto& [name, position] : (*json)["logs"].members()) {
    std::string id = instance_of_log(name + ".log");
    if (!wanted(id)) continue;
    logs_[id].position = {position["first"].unsigned_integer().value_or(0),
                          position["offset"].unsigned_integer().value_or(0)};
  }
}

Deferred<void> LogTail::keep(std::string path) {
  Json logs = Json::object();
  for (auto& [id, log] : logs_) {
    if (log.position.first == 0) continue;
    Json position = Json::object();
    position.set("first", log.position.first);
    position.set("offset", log.position.offset);
    logs.add_member(log_name(id), std::move(position));
  }
  Json json = Json::object();
  json.set("format", 1);
  json.set("logs", std::move(logs));
  return world_.disk.replace_file(std::move(path), json.text());
}

Deferred<std::vector<LogLine>> last_log_lines(World& world, std::string state_folder,
                                              std::string service, std::string instance,
                                              std::size_t lines, WallTime from) {
  LogTail tail(world, std::move(state_folder), std::move(service), std::move(instance));
  co_await tail.begin_with_last(lines, from);
  co_return tail.take_first();
}

}  // namespace berth::runtime
