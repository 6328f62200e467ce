#include "observe/inputs/follow_input.h"

#include "async/clock.h"
#include "base/json.h"
#include "base/strings.h"
#include "observe/parse/date_format.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {
namespace {

/// "/var/log/nginx/access.log": nginx's access, so "access".
std::string service_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.find('.'));
}

Json json_of(const FilePosition& position) {
  Json out = Json::object();
  out.set("offset", position.offset);
  out.set("print", std::to_string(position.print));
  out.set("print_bytes", position.print_bytes);
  return out;
}

FilePosition position_of(const Json& json) {
  FilePosition out;
  out.offset = json["offset"].unsigned_integer().value_or(0);
  auto print = parse_integer<std::uint64_t>(json["print"].string_or(""));
  out.print = print.ok() ? *print : 0;
  out.print_bytes = static_cast<std::uint32_t>(json["print_bytes"].unsigned_integer().value_or(0));
  return out;
}

}  // namespace

FollowInput::FollowInput(InputSpec spec, const InputLinks& links)
    : spec_(std::move(spec)),
      world_(links.world),
      log_(links.log),
      lines_(links.lines),
      kept_path_(links.data + "/positions/" + spec_.name + ".json") {
  scope_.add(run());
}

Deferred<void> FollowInput::close() {
  co_await scope_.close();
  for (auto& [path, followed] : files_) flush_old(*followed, MonotonicTime{INT64_MAX});
  co_await lines_.commit();
  co_await save();
}

Deferred<void> FollowInput::run() {
  co_await load();
  bool first = positions_.empty();
  MonotonicTime find_at = world_.clock.now();
  for (;;) {
    if (!failing_ && world_.clock.now() >= find_at) {
      co_await find_files(first);
      first = false;
      find_at = world_.clock.now() + find_every;
    }
    for (auto it = files_.begin(); !failing_ && it != files_.end(); ++it) {
      co_await read(*it->second);
    }
    for (auto& [path, followed] : files_) {
      flush_old(*followed, world_.clock.now() - trace_waits);
    }
    auto safe = co_await lines_.commit().result();
    if (safe.ok()) safe = co_await save().result();
    if (!safe.ok() && safe.error().is(Code::cancelled)) co_return;
    note_failure(safe);
    co_await world_.clock.after(look_every);
  }
}

/// While the disk takes nothing, nothing more is read.
void FollowInput::note_failure(const Result<void>& safe) {
  if (!safe.ok() && !failing_) {
    log_.warning("files are not followed on: what was read of them cannot be kept",
                 {{"input", spec_.name}, {"error", safe.error()}});
  }
  failing_ = !safe.ok();
}

Deferred<void> FollowInput::load() {
  auto text = co_await world_.disk.read_file(kept_path_).result();
  if (!text.ok()) co_return;
  auto json = Json::parse(*text);
  if (!json.ok()) {
    log_.warning("how far files were read is not known; they are read from their begin",
                 {{"path", kept_path_}, {"error", json.error()}});
    co_return;
  }
  for (auto& member : json->members()) positions_[member.key] = position_of(member.value);
}

Deferred<void> FollowInput::save() {
  bool changed = false;
  Json all = Json::object();
  for (auto& [path, position] : positions_) all.set(path, json_of(position));
  for (auto& [path, followed] : files_) {
    FilePosition now = followed->file.position();
    now.offset = std::min(now.offset, followed->safe);
    changed |= now != followed->kept;
    followed->kept = now;
    all.set(path, json_of(now));
  }
  if (!changed) co_return;
  co_await world_.disk.make_folder(kept_path_.substr(0, kept_path_.rfind('/')));
  co_await world_.disk.replace_file(kept_path_, all.text());
}

Deferred<void> FollowInput::find_files(bool first) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < spec_.follow.paths.size(); ++i) {
    auto of_one =
        co_await files_of_pattern(world_.disk, spec_.follow.paths[i], spec_.follow.files_max);
    found.insert(found.end(), of_one.begin(), of_one.end());
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (files_.contains(found[i])) continue;
    if (files_.size() >= spec_.follow.files_max) {
      ++counters_.lost["files_max"];
      break;
    }
    auto known = positions_.extract(found[i]);
    FilePosition position = known.empty() ? FilePosition() : known.mapped();
    auto made = std::make_unique<Followed>(FollowedFile(world_.disk, found[i], position));
    made->service = spec_.service.empty() ? service_of(found[i]) : spec_.service;
    made->safe = position.offset;
    if (known.empty() && first && !spec_.follow.from_start) {
      (void)co_await made->file.skip_to_end().result();
      made->safe = made->file.position().offset;
    }
    files_[found[i]] = std::move(made);
  }
  // What is gone from the disk, and of which nothing more comes, is no longer followed.
  std::erase_if(files_, [&](auto& each) {
    Followed& followed = *each.second;
    bool quiet =
        followed.held.empty() && !followed.out.joiner.holds() && !followed.err.joiner.holds();
    return followed.file.gone() && quiet;
  });
}

Deferred<void> FollowInput::read(Followed& followed) {
  for (;;) {
    auto read = co_await followed.file.read(read_bytes_max).result();
    if (!read.ok()) {
      if (!read.error().is(Code::cancelled)) ++counters_.lost["unreadable"];
      co_return;
    }
    if (read->begins) {
      if (!followed.held.empty()) take_line(followed, followed.held);
      followed.held.clear();
      flush_old(followed, MonotonicTime{INT64_MAX});
      followed.safe = 0;
    }
    if (read->bytes.empty()) co_return;
    take(followed, read->bytes);
    auto safe = co_await lines_.commit().result();
    note_failure(safe);
    if (!safe.ok()) co_return;
  }
}

void FollowInput::take(Followed& followed, std::string_view bytes) {
  followed.held += bytes;
  std::string_view rest = followed.held;
  for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(followed, line);
    rest.remove_prefix(end + 1);
    bool none_held = !followed.out.joiner.holds() && !followed.err.joiner.holds() &&
                     followed.out.part.empty() && followed.err.part.empty();
    if (none_held) followed.safe = followed.file.position().offset - rest.size();
  }
  std::string left(rest);
  followed.held = std::move(left);
  // A line without an end is cut here, so that nothing grows without bound.
  if (followed.held.size() > spec_.line_bytes_max * 4) {
    ++counters_.faulty["too_long"];
    take_line(followed, followed.held);
    followed.held.clear();
  }
}

void FollowInput::take_line(Followed& followed, std::string_view line) {
  if (spec_.follow.docker) return take_docker(followed, line);
  add(followed, followed.out, line, world_.clock.wall(), false);
}

/// {"log":"text\n","stream":"stderr","time":"2026-..."}: a part that does not end in \n goes on in
/// the next one of its stream.
void FollowInput::take_docker(Followed& followed, std::string_view line) {
  if (line.empty()) return;
  auto json = Json::parse(line);
  if (!json.ok() || !json->is_object()) {
    ++counters_.faulty["no_docker_line"];
    return add(followed, followed.out, line, world_.clock.wall(), false);
  }
  bool error = (*json)["stream"].string_or("") == "stderr";
  Lines& lines = error ? followed.err : followed.out;
  std::string_view text = (*json)["log"].string_or("");
  bool ends = text.ends_with('\n');
  if (ends) text.remove_suffix(1);
  lines.part += text.substr(
      0, spec_.line_bytes_max * 4 - std::min(lines.part.size(), spec_.line_bytes_max * 4));
  if (!ends) return;
  WallTime time = read_rfc3339((*json)["time"].string_or("")).value_or(world_.clock.wall());
  std::string whole = std::exchange(lines.part, {});
  add(followed, lines, whole, time, error);
}

void FollowInput::add(Followed& followed, Lines& lines, std::string_view line, WallTime time,
                      bool error) {
  WallTime begun = lines.time;
  bool held = lines.joiner.holds();
  auto before = lines.joiner.add(line);
  lines.newest = world_.clock.now();
  if (before) {
    hand_on(followed, std::move(*before), begun, error);
    held = false;
  }
  if (!held && lines.joiner.holds()) lines.time = time;
  if (!spec_.follow.join_traces) flush(followed, lines, error);
}

void FollowInput::flush(Followed& followed, Lines& lines, bool error) {
  if (auto held = lines.joiner.take()) hand_on(followed, std::move(*held), lines.time, error);
}

void FollowInput::flush_old(Followed& followed, MonotonicTime before) {
  for (auto* lines : {&followed.out, &followed.err}) {
    if (lines->joiner.holds() && lines->newest <= before) {
      flush(followed, *lines, lines == &followed.err);
    }
  }
  bool none_held = !followed.out.joiner.holds() && !followed.err.joiner.holds() &&
                   followed.out.part.empty() && followed.err.part.empty();
  if (none_held) followed.safe = followed.file.position().offset - followed.held.size();
}

void FollowInput::hand_on(Followed& followed, std::string text, WallTime time, bool error) {
  ++counters_.received;
  counters_.bytes += text.size();
  LogLine line;
  if (text.size() > spec_.line_bytes_max) {
    text.resize(spec_.line_bytes_max);
    line.cut = true;
    ++counters_.faulty["too_long"];
  }
  if (repair_utf8(text)) ++counters_.faulty["not_utf8"];
  Record fields;
  fields.set("file", followed.file.path());
  if (spec_.follow.docker) fields.set("stream", error ? "stderr" : "stdout");
  line.fields = &fields;
  line.input = spec_.name;
  line.parse = spec_.parse;
  line.service = followed.service;
  line.text = text;
  line.time = time;
  lines_.take_kept(line);
}

}  // namespace berth::observe
