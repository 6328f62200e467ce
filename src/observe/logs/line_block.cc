#include "observe/logs/line_block.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/sealed.h"
#include "base/varint.h"

namespace berth::observe {
namespace {

constexpr int zstd_level = 3;
constexpr std::uint64_t format = 1;
constexpr std::uint64_t part_bytes_max = 256 << 20;
constexpr std::uint64_t lines_max = 1 << 24;

Error damaged(std::string_view what) {
  return Error(Code::invalid, "a block of log lines is damaged: " + std::string(what));
}

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

std::string packed(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), zstd_level);
  check(!ZSTD_isError(size), "zstd refused to compress");
  out.resize(size);
  return out;
}

Result<std::string> unpacked(const BlockPart& part, std::string_view text) {
  if (text.size() != part.packed || crc32c(text) != part.sum) return damaged("a wrong checksum");
  std::string out(part.size, '\0');
  std::size_t got = ZSTD_decompress(out.data(), out.size(), text.data(), text.size());
  if (ZSTD_isError(got) || got != part.size) return damaged("it does not unpack");
  return out;
}

/// The largest unit that all times are whole in.
std::int64_t unit_of(const std::vector<std::int64_t>& times) {
  for (std::int64_t unit : {1'000'000'000, 1'000'000, 1'000}) {
    if (std::ranges::all_of(times, [&](auto time) { return time % unit == 0; })) return unit;
  }
  return 1;
}

/// Lines with line ends in their text: how many, and in which.
void append_breaks(std::string& out, const LineBatch& batch) {
  std::string breaks;
  std::uint64_t count = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::string_view text = batch.text(i);
    auto inside = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    if (inside == 0) continue;
    append_varint(breaks, i - last);
    append_varint(breaks, inside);
    last = i;
    ++count;
  }
  append_varint(out, count);
  out += breaks;
}

std::string about_text(const LineBatch& batch) {
  auto& columns = batch.columns();
  std::string out;
  std::int64_t unit = unit_of(columns.times);
  append_varint(out, static_cast<std::uint64_t>(unit));
  std::uint64_t last = 0;
  for (std::int64_t time : columns.times) {
    auto units = static_cast<std::uint64_t>(time / unit);
    append_varint(out, zigzag(static_cast<std::int64_t>(units - last)));
    last = units;
  }
  for (std::uint32_t source : columns.sources) append_varint(out, source);
  out.append(reinterpret_cast<const char*>(columns.levels.data()), columns.levels.size());
  append_breaks(out, batch);
  return out;
}

std::string fields_text(const LineBatch& batch) {
  auto& columns = batch.columns();
  std::string out;
  if (columns.field_ends.empty()) return out;
  append_varint(out, columns.field_names.size());
  for (auto& name : columns.field_names) append_sized(out, name);
  std::uint32_t last = 0;
  for (std::uint32_t end : columns.field_ends) {
    append_varint(out, end - last);
    last = end;
  }
  out += columns.fields;
  return out;
}

void collect(const LineBatch& batch, WordCollector& words) {
  std::string lower;
  lower_into(batch.columns().texts, lower);
  words.add(lower);
  for (std::size_t i = 0; i < batch.size() && !batch.columns().field_ends.empty(); ++i) {
    for (auto& [name, value] : batch.fields(i)) {
      lower_into(value, lower);
      words.add(lower);
    }
  }
}

void append_part(std::string& out, std::string_view text, std::size_t size) {
  append_varint(out, text.size());
  append_varint(out, size);
  append_varint(out, crc32c(text));
}

std::string head_body(const LineBatch& batch) {
  std::string out;
  append_varint(out, format);
  append_varint(out, batch.first_sequence());
  append_varint(out, batch.size());
  append_varint(out, zigzag(batch.oldest()));
  append_varint(out, zigzag(batch.newest()));
  std::array<std::uint64_t, 4> levels{};
  for (std::uint8_t level : batch.columns().levels) ++levels[level];
  for (std::uint64_t count : levels) append_varint(out, count);
  append_varint(out, batch.columns().source_names.size());
  for (auto& source : batch.columns().source_names) {
    append_sized(out, source.host);
    append_sized(out, source.service);
    append_sized(out, source.instance);
  }
  return out;
}

bool take(std::string_view& text, std::uint64_t& out, std::uint64_t most = UINT64_MAX) {
  auto value = take_varint(text);
  if (!value || *value > most) return false;
  out = *value;
  return true;
}

bool take(std::string_view& text, std::int64_t& out) {
  auto value = take_varint(text);
  if (value) out = unzigzag(*value);
  return value.has_value();
}

bool take(std::string_view& text, std::string& out) {
  auto value = take_sized(text);
  if (value) out = *value;
  return value.has_value();
}

bool take_part(std::string_view& text, BlockPart& part, std::uint64_t& offset) {
  std::uint64_t sum = 0;
  bool good = take(text, part.packed, part_bytes_max) && take(text, part.size, part_bytes_max) &&
              take(text, sum, UINT32_MAX);
  part.sum = static_cast<std::uint32_t>(sum);
  part.offset = offset;
  offset += part.packed;
  return good;
}

bool take_head(std::string_view& body, BlockHead& head) {
  std::uint64_t version = 0;
  std::uint64_t sources = 0;
  bool good = take(body, version) && version == format && take(body, head.first_sequence) &&
              take(body, head.lines, lines_max) && take(body, head.oldest) &&
              take(body, head.newest);
  for (auto& count : head.levels) good = good && take(body, count);
  if (!good || !take(body, sources, LineBatch::sources_max + 1)) return false;
  for (std::uint64_t i = 0; i < sources; ++i) {
    LogSource source;
    if (!take(body, source.host) || !take(body, source.service) || !take(body, source.instance)) {
      return false;
    }
    head.sources.push_back(std::move(source));
  }
  return true;
}

bool read_about(std::string_view text, const BlockHead& head, LineColumns& columns,
                std::vector<std::pair<std::size_t, std::uint64_t>>& breaks) {
  std::uint64_t unit = 0;
  if (!take(text, unit, 1'000'000'000)) return false;
  auto lines = static_cast<std::size_t>(head.lines);
  columns.times.reserve(lines);
  std::uint64_t time = 0;  // unsigned: damaged ones may wrap around
  for (std::size_t i = 0; i < lines; ++i) {
    std::int64_t step = 0;
    if (!take(text, step)) return false;
    time += static_cast<std::uint64_t>(step);
    columns.times.push_back(static_cast<std::int64_t>(time * unit));
  }
  columns.sources.reserve(lines);
  for (std::size_t i = 0; i < lines; ++i) {
    std::uint64_t source = 0;
    if (!take(text, source) || source >= head.sources.size()) return false;
    columns.sources.push_back(static_cast<std::uint32_t>(source));
  }
  if (text.size() < lines) return false;
  columns.levels.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(lines));
  if (std::ranges::any_of(columns.levels, [](auto level) { return level > 3; })) return false;
  text.remove_prefix(lines);
  std::uint64_t count = 0;
  if (!take(text, count, lines)) return false;
  std::uint64_t line = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t step = 0;
    std::uint64_t inside = 0;
    if (!take(text, step, lines_max) || !take(text, inside, part_bytes_max)) return false;
    line += step;
    breaks.emplace_back(static_cast<std::size_t>(line), inside);
  }
  return text.empty();
}

bool find_line_ends(LineColumns& columns, std::size_t lines,
                    const std::vector<std::pair<std::size_t, std::uint64_t>>& breaks) {
  columns.text_ends.reserve(lines);
  const char* begin = columns.texts.data();
  const char* end = begin + columns.texts.size();
  const char* at = begin;
  auto next = breaks.begin();
  for (std::size_t i = 0; i < lines; ++i) {
    std::uint64_t ends = 1;
    if (next != breaks.end() && next->first == i) ends += next++->second;
    for (; ends > 0; --ends) {
      auto* found = static_cast<const char*>(
          at == end ? nullptr : std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (!found) return false;
      at = found + 1;
    }
    columns.text_ends.push_back(static_cast<std::uint32_t>(at - begin));
  }
  return at == end;
}

bool read_fields(std::string_view text, std::size_t lines, LineColumns& columns) {
  std::uint64_t names = 0;
  if (!take(text, names, LineBatch::names_max)) return false;
  columns.field_names.resize(static_cast<std::size_t>(names));
  for (auto& name : columns.field_names) {
    if (!take(text, name)) return false;
  }
  columns.field_ends.reserve(lines);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < lines; ++i) {
    std::uint64_t size = 0;
    if (!take(text, size, part_bytes_max)) return false;
    end += size;
    columns.field_ends.push_back(static_cast<std::uint32_t>(end));
  }
  columns.fields = text;
  return end == text.size();
}

}  // namespace

std::size_t BlockHead::bytes_of(std::string_view begin) {
  std::uint32_t size = 0;
  if (begin.size() < 8) return 8;
  std::memcpy(&size, begin.data(), sizeof size);
  return std::size_t{size} + 8;
}

Result<BlockHead> BlockHead::read(std::string_view text) {
  std::string_view rest = text;
  auto body = take_sealed(rest, bytes_max);
  if (!body) return damaged("its head is torn");
  BlockHead head;
  std::uint64_t offset = text.size() - rest.size();
  if (!take_head(*body, head)) return damaged("its head");
  for (BlockPart* part : {&head.words, &head.grams, &head.about, &head.texts, &head.fields}) {
    if (!take_part(*body, *part, offset)) return damaged("its parts");
  }
  if (!body->empty() || head.words.packed % WordFilter::bucket_bytes != 0) {
    return damaged("its parts");
  }
  head.bytes = offset;
  return head;
}

std::string pack_block(const LineBatch& batch) {
  WordCollector words;
  collect(batch, words);
  std::string filter = words.filter();
  std::string_view grams = words.grams().view();
  std::string about = about_text(batch);
  std::string about_packed = packed(about);
  std::string texts_packed = packed(batch.columns().texts);
  std::string fields = fields_text(batch);
  std::string fields_packed = fields.empty() ? std::string() : packed(fields);
  std::string body = head_body(batch);
  append_part(body, filter, filter.size());
  append_part(body, grams, grams.size());
  append_part(body, about_packed, about.size());
  append_part(body, texts_packed, batch.columns().texts.size());
  append_part(body, fields_packed, fields.size());
  std::string out;
  append_sealed(out, body);
  return out.append(filter)
      .append(grams)
      .append(about_packed)
      .append(texts_packed)
      .append(fields_packed);
}

Result<LineBatch> unpack_block(const BlockHead& head, std::string_view about,
                               std::string_view texts, std::string_view fields) {
  LineColumns columns;
  std::vector<std::pair<std::size_t, std::uint64_t>> breaks;
  auto lines = static_cast<std::size_t>(head.lines);
  std::string text = TRY(unpacked(head.about, about));
  if (text.size() < lines) return damaged("its times");
  if (!read_about(text, head, columns, breaks)) return damaged("its times");
  columns.source_names = head.sources;
  if (texts.empty()) {
    columns.texts.assign(lines, '\n');
    breaks.clear();
  } else {
    columns.texts = TRY(unpacked(head.texts, texts));
  }
  if (!find_line_ends(columns, lines, breaks)) return damaged("its texts");
  if (!fields.empty()) {
    text = TRY(unpacked(head.fields, fields));
    if (!read_fields(text, lines, columns)) return damaged("its fields");
  }
  return LineBatch(head.first_sequence, std::move(columns));
}

}  // namespace berth::observe
