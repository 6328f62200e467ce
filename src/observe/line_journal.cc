#include "observe/line_journal.h"

#include <algorithm>
#include <vector>

#include "base/sealed.h"
#include "base/strings.h"
#include "base/varint.h"

namespace berth::observe {
namespace {

constexpr std::string_view magic = "BRTHLIN1";
constexpr std::size_t record_bytes_max = 4 << 20;
constexpr std::size_t fields_max = 10'000;
constexpr std::string_view prefix = "lines-";

bool read_fields(std::string_view& body, JournalRecord& out) {
  auto count = take_varint(body);
  if (!count || *count > fields_max) return false;
  if (*count == 0) return body.empty();
  Record record;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto name = take_sized(body);
    auto text = name ? take_sized(body) : std::nullopt;
    if (!text) return false;
    auto value = Json::parse(*text);
    if (!value.ok()) return false;
    record.fields.push_back({std::string(*name), std::move(*value)});
  }
  out.fields = std::move(record);
  out.line.fields = &*out.fields;
  return body.empty();
}

bool read_body(std::string_view body, JournalRecord& out) {
  auto number = take_varint(body);
  auto time = number ? take_varint(body) : std::nullopt;
  if (!time || body.size() < 2) return false;
  out.number = *number;
  out.line.time = {static_cast<std::int64_t>(*time)};
  auto level = static_cast<unsigned char>(body[0]);
  if (level > static_cast<unsigned char>(LogLevel::off) + 1) return false;
  if (level > 0) out.line.level = static_cast<LogLevel>(level - 1);
  out.line.cut = body[1] != 0;
  body.remove_prefix(2);
  for (auto* text : {&out.line.input, &out.line.service, &out.line.host, &out.line.text,
                     &out.line.peer, &out.line.parse}) {
    auto taken = take_sized(body);
    if (!taken) return false;
    *text = *taken;
  }
  return read_fields(body, out);
}

}  // namespace

void append_journal_record(std::string& out, std::uint64_t number, const LogLine& line) {
  std::string body;
  append_varint(body, number);
  append_varint(body, static_cast<std::uint64_t>(line.time.nanoseconds));
  body += static_cast<char>(line.level ? static_cast<int>(*line.level) + 1 : 0);
  body += static_cast<char>(line.cut);
  for (auto text : {line.input, line.service, line.host, line.text, line.peer, line.parse}) {
    append_sized(body, text);
  }
  std::size_t count = line.fields ? std::min(line.fields->fields.size(), fields_max) : 0;
  append_varint(body, count);
  for (std::size_t i = 0; i < count; ++i) {
    append_sized(body, line.fields->fields[i].key);
    append_sized(body, line.fields->fields[i].value.text());
  }
  append_sealed(out, body);
}

std::unique_ptr<JournalRecord> take_journal_record(std::string_view& text) {
  std::string_view rest = text;
  auto body = take_sealed(rest, record_bytes_max);
  if (!body) return nullptr;
  auto out = std::make_unique<JournalRecord>();
  if (!read_body(*body, *out)) return nullptr;
  text = rest;
  return out;
}

Deferred<void> LineJournal::open(std::uint64_t counted,
                                 std::function<void(const LogLine&)> replay) {
  co_await world_.disk.make_folder(folder_);
  std::vector<std::uint64_t> begins;
  for (auto& entry : co_await world_.disk.list(folder_)) {
    if (!entry.name.starts_with(prefix)) continue;
    auto begin = parse_integer<std::uint64_t>(std::string_view(entry.name).substr(prefix.size()));
    if (begin.ok()) begins.push_back(*begin);
  }
  std::ranges::sort(begins);
  last_ = counted;
  for (std::uint64_t begin : begins) {
    files_.push_back({folder_ + "/" + std::string(prefix) + std::to_string(begin), 0});
    co_await read_file(files_.back(), counted, replay);
    // A file's name is the number of its first line: no later one may have it too.
    last_ = std::max({last_, files_.back().last, begin});
  }
  written_ = last_;
  if (replayed_ > 0) {
    log_.info("acknowledged lines that had not been counted were taken again",
              {{"lines", replayed_}});
  }
}

Deferred<void> LineJournal::read_file(JournalFile& file, std::uint64_t counted,
                                      const std::function<void(const LogLine&)>& replay) {
  std::string all = co_await world_.disk.read_file(file.path, file_bytes_max + (64 << 20));
  std::string_view text = all;
  if (!text.starts_with(magic)) co_return;
  text.remove_prefix(magic.size());
  while (auto record = take_journal_record(text)) {
    file.last = record->number;
    if (record->number <= counted) continue;
    ++replayed_;
    replay(record->line);
  }
  if (!text.empty()) {
    log_.warning("a torn end of a journal of lines was left out",
                 {{"path", file.path}, {"bytes", text.size()}});
  }
}

void LineJournal::append(const LogLine& line) { append_journal_record(pending_, ++last_, line); }

Deferred<void> LineJournal::next_file() {
  file_.reset();
  std::string path = folder_ + "/" + std::string(prefix) + std::to_string(written_ + 1);
  file_ = co_await world_.disk.open(path, OpenMode::write_emptied);
  files_.push_back({path, 0});
  bytes_ = 0;
}

Deferred<void> LineJournal::commit() {
  std::uint64_t mine = last_;
  auto permit = co_await writing_.acquire();
  if (written_ >= mine) co_return;  // another commit took it along
  if (!file_ || bytes_ > file_bytes_max) co_await next_file();
  std::uint64_t until = last_;
  std::string text = std::exchange(pending_, {});
  if (bytes_ == 0) text.insert(0, magic);
  auto written = co_await file_->write(bytes_, Bytes::copy(text)).result();
  if (!written.ok()) {
    if (bytes_ == 0) text.erase(0, magic.size());
    pending_.insert(0, text);
    co_await or_return(std::move(written));
  }
  bytes_ += text.size();
  written_ = until;
  files_.back().last = until;
}

Deferred<void> LineJournal::forget(std::uint64_t number) {
  auto permit = co_await writing_.acquire();
  while (!files_.empty() && files_.front().last <= number && (files_.size() > 1 || !file_)) {
    std::string path = files_.front().path;
    files_.pop_front();
    (void)co_await world_.disk.remove(path).result();
  }
  if (file_ && bytes_ > 0 && written_ <= number) {
    co_await file_->truncate(0);
    bytes_ = 0;
  }
}

}  // namespace berth::observe
