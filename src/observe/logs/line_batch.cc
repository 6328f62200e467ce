#include "observe/logs/line_batch.h"

#include <algorithm>

#include "base/varint.h"

namespace berth::observe {

LineBatch::LineBatch(std::uint64_t first_sequence, LineColumns columns)
    : first_sequence_(first_sequence), columns_(std::move(columns)) {
  for (std::int64_t time : columns_.times) {
    oldest_ = std::min(oldest_, time);
    newest_ = std::max(newest_, time);
  }
}

std::uint32_t LineBatch::source_number(const StoredLine& line) {
  auto same = [&](const LogSource& source) {
    return source.instance == line.instance && source.service == line.service &&
           source.host == line.host;
  };
  if (!columns_.sources.empty() && same(columns_.source_names[columns_.sources.back()])) {
    return columns_.sources.back();
  }
  key_.assign(line.host).append(1, '\0').append(line.service).append(1, '\0').append(line.instance);
  auto [found, made] =
      source_numbers_.emplace(key_, static_cast<std::uint32_t>(columns_.source_names.size()));
  if (made) {
    columns_.source_names.push_back(
        {std::string(line.host), std::string(line.service), std::string(line.instance)});
  }
  return found->second;
}

void LineBatch::add_fields(std::span<const LogLineField> fields) {
  if (fields.empty() && columns_.field_ends.empty()) return;
  // size() has not grown by this line yet.
  if (columns_.field_ends.empty()) columns_.field_ends.assign(size(), 0);
  for (auto& [name, value] : fields) {
    key_.assign(name);
    auto found = name_numbers_.find(key_);
    if (found == name_numbers_.end()) {
      if (columns_.field_names.size() >= names_max) continue;
      auto number = static_cast<std::uint32_t>(columns_.field_names.size());
      found = name_numbers_.emplace(key_, number).first;
      columns_.field_names.push_back(key_);
    }
    append_varint(columns_.fields, found->second);
    append_sized(columns_.fields, value);
  }
  columns_.field_ends.push_back(static_cast<std::uint32_t>(columns_.fields.size()));
}

void LineBatch::add(const StoredLine& line) {
  std::uint32_t source = source_number(line);
  add_fields(line.fields);
  columns_.times.push_back(line.time.nanoseconds);
  columns_.sources.push_back(source);
  columns_.levels.push_back(static_cast<std::uint8_t>(std::min(line.level, LogLevel::error)));
  columns_.texts += line.text;
  columns_.texts += '\n';
  columns_.text_ends.push_back(static_cast<std::uint32_t>(columns_.texts.size()));
  oldest_ = std::min(oldest_, line.time.nanoseconds);
  newest_ = std::max(newest_, line.time.nanoseconds);
}

std::size_t LineBatch::line_at(std::size_t offset) const {
  auto found = std::ranges::upper_bound(columns_.text_ends, offset);
  return static_cast<std::size_t>(found - columns_.text_ends.begin());
}

std::vector<LogLineField> LineBatch::fields(std::size_t i) const {
  std::vector<LogLineField> out;
  if (columns_.field_ends.empty()) return out;
  std::size_t begin = i == 0 ? 0 : columns_.field_ends[i - 1];
  auto text = std::string_view(columns_.fields).substr(begin, columns_.field_ends[i] - begin);
  while (!text.empty()) {
    auto number = take_varint(text);
    auto value = number ? take_sized(text) : std::nullopt;
    if (!value || *number >= columns_.field_names.size()) break;
    out.push_back({columns_.field_names[*number], *value});
  }
  return out;
}

FoundLine LineBatch::found(std::size_t i) const {
  FoundLine out{
      {columns_.times[i]}, first_sequence_ + i, source(i), level(i), std::string(text(i)), {}};
  for (auto& [name, value] : fields(i)) out.fields.emplace_back(name, value);
  return out;
}

LineBatch LineBatch::from(std::size_t begin) const {
  LineBatch out(first_sequence_ + begin);
  for (std::size_t i = begin; i < size(); ++i) {
    auto& by = source(i);
    auto values = fields(i);
    out.add({{columns_.times[i]}, by.host, by.service, by.instance, level(i), text(i), values});
  }
  return out;
}

}  // namespace berth::observe
