#include "runtime/log_files.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

constexpr std::size_t first_bytes_max = 256;
constexpr std::size_t block_bytes = 128 << 10;

/// One file of a log, open; `first` is 0 while it holds no whole line.
struct OpenLog {
  std::unique_ptr<File> file;
  std::uint64_t first = 0;
};

std::string rotated(const std::string& path, int age) {
  return age == 0 ? path : path + "." + std::to_string(age);
}

/// Without a file if there is none.
Deferred<OpenLog> open_log(Disk& disk, std::string path) {
  OpenLog log;
  auto file = co_await disk.open(path, OpenMode::read).result();
  if (!file.ok()) {
    if (file.error().is(Code::not_found)) co_return std::move(log);
    co_return std::move(file).error();
  }
  log.file = std::move(*file);
  Bytes begin = co_await log.file->read(0, first_bytes_max);
  std::size_t end = begin.view().find('\n');
  if (end == std::string_view::npos && begin.size() < first_bytes_max) co_return std::move(log);
  log.first = hash64(begin.view().substr(0, end)) | 1;
  co_return std::move(log);
}

std::string_view whole_lines(std::string_view text) { return text.substr(0, text.rfind('\n') + 1); }

/// The file that `from` stands in, by its age; else the oldest that there is, from its begin.
Deferred<int> find_place(Disk& disk, std::string path, LogPosition& from) {
  int oldest = 0;
  for (int age = 0; age < log_files_max; ++age) {
    auto log = co_await open_log(disk, rotated(path, age));
    if (log.first == 0) continue;
    if (log.first == from.first) co_return age;
    oldest = age;
  }
  from = {};
  co_return oldest;
}

}  // namespace

std::string instance_of_log(std::string_view file_name) {
  constexpr std::string_view ending = ".log";
  if (!file_name.ends_with(ending)) return "";
  file_name.remove_suffix(ending.size());
  std::size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "";
  std::string_view number = file_name.substr(dot + 1);
  if (!parse_integer<std::uint32_t>(number, 1).ok()) return "";
  return std::string(file_name.substr(0, dot)) + "/" + std::string(number);
}

void parse_log_lines(std::string_view text, std::string_view id, std::vector<LogLine>& out) {
  WallTime last{};
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto parts = split_once(line, ' ');
    auto time = parse_integer<std::int64_t>(parts ? parts->first : line, 0, 1LL << 43);
    if (time.ok()) {
      last = WallTime{*time * 1'000'000};
      line = parts ? parts->second : "";
    }
    out.push_back({last, std::string(id), cut_text(line, log_line_bytes_max)});
  }
}

Deferred<LogPart> read_log(Disk& disk, std::string path, LogPosition from, std::size_t bytes_max) {
  LogPart part;
  int age = co_await find_place(disk, path, from);
  for (; age >= 0; --age) {
    auto log = co_await open_log(disk, rotated(path, age));
    if (log.first == 0) continue;
    if (log.first != from.first) from = {log.first, 0};
    Bytes bytes = co_await log.file->read(from.offset, bytes_max);
    std::string_view lines = whole_lines(bytes.view());
    if (lines.empty() && bytes.size() == bytes_max) lines = bytes.view();  // a line beyond measure
    if (lines.empty()) continue;  // what a file that was renamed ends with is whole
    from.offset += lines.size();
    part.text = lines;
    part.more = age > 0 || bytes.size() == bytes_max;
    break;
  }
  part.end = std::move(from);
  co_return std::move(part);
}

Deferred<LogPart> read_log_end(Disk& disk, std::string path, std::size_t lines,
                               std::size_t bytes_max) {
  LogPart part;
  for (int age = 0; age < log_files_max; ++age) {
    auto log = co_await open_log(disk, rotated(path, age));
    if (log.first == 0) continue;
    std::uint64_t begin = co_await log.file->size();
    bool newest = part.end.first == 0;
    if (newest) part.end = {log.first, begin};
    std::string text;
    while (begin > 0) {
      std::size_t length = std::min<std::uint64_t>(block_bytes, begin);
      Bytes block = co_await log.file->read(begin - length, length);
      begin -= length;
      text.insert(0, block.view());
      auto count = static_cast<std::size_t>(std::ranges::count(text, '\n')) +
                   static_cast<std::size_t>(std::ranges::count(part.text, '\n'));
      part.more = begin > 0 && (count > lines || text.size() + part.text.size() >= bytes_max);
      if (part.more) break;
    }
    if (newest) part.end.offset -= text.size() - whole_lines(text).size();
    text.resize(whole_lines(text).size());
    if (begin > 0) text.erase(0, text.find('\n') + 1);  // a line that begins before the block
    part.text.insert(0, text);
    if (part.more) break;
  }
  co_return std::move(part);
}

}  // namespace berth::runtime
