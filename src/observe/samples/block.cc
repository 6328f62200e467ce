#include "observe/samples/block.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/varint.h"
#include "observe/samples/column_codec.h"

namespace berth::observe {
namespace {

constexpr std::string_view begin_magic = "BRTHBLK1";
constexpr std::string_view end_magic = "BRTHEND1";
constexpr std::size_t frame_bytes_wanted = 128 << 10;
constexpr std::size_t columns_max = 1 << 24;
constexpr int level = 6;  // of zstd: a block is written once and read for days

Error damaged(std::string_view what) {
  return Error(Code::invalid, fmt::format("a block of samples is damaged: {}", what));
}

std::string pack(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), level);
  check(!ZSTD_isError(size), "zstd refused to compress");
  out.resize(size);
  return out;
}

Result<std::string> unpack_text(std::string_view packed, std::size_t size) {
  std::string out(size, '\0');
  std::size_t got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size) return damaged("it does not unpack");
  return out;
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}

/// Takes numbers and texts from the front of an index; after the first that is not there, none is.
class IndexReader {
 public:
  explicit IndexReader(std::string_view text) : text_(text) {}
  std::uint64_t number(std::uint64_t most = ~std::uint64_t{0}) {
    auto value = good_ ? take_varint(text_) : std::nullopt;
    good_ = good_ && value && *value <= most;
    return good_ ? *value : 0;
  }
  std::string_view text() {
    std::uint64_t size = number(text_.size());
    if (size > text_.size()) good_ = false;
    if (!good_) return {};
    std::string_view taken = text_.substr(0, size);
    text_.remove_prefix(size);
    return taken;
  }
  /// How many of at least a byte each follow.
  std::uint64_t count() { return number(text_.size()); }
  bool good() const { return good_; }
  bool at_end() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace

void BlockWriter::add(const promql::Labels& labels, std::span<const promql::Sample> samples) {
  std::vector<std::int64_t> times;
  std::vector<double> values;
  times.reserve(samples.size());
  values.reserve(samples.size());
  for (auto& sample : samples) {
    times.push_back(sample.time - from_);
    values.push_back(sample.value);
  }
  place(labels, times, encode_values(values));
}

void BlockWriter::add(const promql::Labels& labels, std::string_view base,
                      std::span<const SketchPoint> points) {
  std::vector<std::int64_t> times;
  for (auto& point : points) times.push_back(point.time - from_);
  place(labels, times, encode_sketches(base, points));
}

/// A column of values behind the others of its frame, and its entry in the index.
void BlockWriter::place(const promql::Labels& labels, std::span<const std::int64_t> times,
                        std::string_view column_text) {
  if (out_.empty()) out_ = begin_magic;
  std::string encoded = encode_times(times);
  auto [column, fresh] = column_numbers_.try_emplace(encoded, columns_.size());
  if (fresh) columns_.emplace_back(std::move(encoded), times.size());
  append_varint(entries_, labels.size());
  for (auto& label : labels) {
    for (const std::string* word : {&label.name, &label.value}) {
      auto [place, new_word] = word_numbers_.try_emplace(*word, words_.size());
      if (new_word) words_.push_back(*word);
      append_varint(entries_, place->second);
    }
  }
  append_varint(entries_, column->second);
  append_varint(entries_, frame_count_);
  append_varint(entries_, frame_.size());
  ++entry_count_;
  samples_ += times.size();
  frame_ += column_text;
  if (frame_.size() >= frame_bytes_wanted) end_frame();
}

void BlockWriter::end_frame() {
  if (frame_.empty()) return;
  std::string packed = pack(frame_);
  append_varint(frames_, packed.size());
  append_varint(frames_, frame_.size());
  append_varint(frames_, crc32c(packed));
  ++frame_count_;
  out_ += packed;
  frame_.clear();
}

std::string BlockWriter::take() {
  if (out_.empty()) out_ = begin_magic;
  end_frame();
  std::string index;
  append_varint(index, frame_count_);
  index += frames_;
  append_varint(index, columns_.size());
  for (auto& [text, count] : columns_) {
    append_varint(index, count);
    append_text(index, text);
  }
  append_varint(index, words_.size());
  for (auto& word : words_) append_text(index, word);
  append_varint(index, entry_count_);
  index += entries_;
  std::string packed = pack(index);
  Block::Footer footer{from_,         to_,          samples_,      out_.size(),
                       packed.size(), index.size(), crc32c(packed)};
  out_ += packed;
  std::string end(Block::footer_bytes, '\0');
  std::memcpy(end.data(), &footer, sizeof footer);
  std::uint32_t checksum = crc32c(std::string_view(end).substr(0, 52));
  std::memcpy(end.data() + 52, &checksum, 4);
  end.replace(56, 8, end_magic);
  return std::move(out_) + end;
}

Result<Block::Footer> Block::read_footer(std::string_view text) {
  static_assert(sizeof(Footer) == 56 && offsetof(Footer, index_checksum) == 48);
  if (text.size() != footer_bytes || !text.ends_with(end_magic)) return damaged("it has no end");
  std::uint32_t checksum = 0;
  std::memcpy(&checksum, text.data() + 52, 4);
  if (checksum != crc32c(text.substr(0, 52))) return damaged("its end's checksum is wrong");
  Footer footer{};
  std::memcpy(&footer, text.data(), 52);
  if (footer.index_unpacked > index_bytes_max || footer.index_packed > index_bytes_max ||
      footer.from >= footer.to) {
    return damaged("its end makes no sense");
  }
  return footer;
}

Result<std::shared_ptr<const Block>> Block::read(const Footer& footer, std::string_view index,
                                                 const NumberOf& number_of) {
  if (index.size() != footer.index_packed || crc32c(index) != footer.index_checksum) {
    return damaged("its index's checksum is wrong");
  }
  std::string text = TRY(unpack_text(index, footer.index_unpacked));
  std::shared_ptr<Block> block(new Block(footer));
  auto read = block->read_index(text, number_of);
  if (!read.ok()) return std::move(read).error();
  return std::shared_ptr<const Block>(std::move(block));
}

Result<void> Block::read_index(std::string_view text, const NumberOf& number_of) {
  IndexReader reader(text);
  std::uint64_t offset = begin_magic.size();
  for (std::uint64_t left = reader.count(); left > 0 && reader.good(); --left) {
    Frame frame;
    frame.offset = offset;
    frame.packed = static_cast<std::uint32_t>(reader.number(frame_bytes_max));
    frame.unpacked = static_cast<std::uint32_t>(reader.number(frame_bytes_max));
    frame.checksum = static_cast<std::uint32_t>(reader.number(~std::uint32_t{0}));
    offset += frame.packed;
    frames_.push_back(frame);
  }
  for (std::uint64_t left = reader.count(); left > 0 && reader.good(); --left) {
    std::uint64_t count = reader.number(columns_max);
    columns_.emplace_back(std::string(reader.text()), count);
  }
  std::vector<std::string_view> words;
  for (std::uint64_t left = reader.count(); left > 0 && reader.good(); --left) {
    words.push_back(reader.text());
  }
  if (words.empty() || columns_.empty() || frames_.empty()) return damaged("its index is empty");
  for (std::uint64_t left = reader.count(); left > 0 && reader.good(); --left) {
    BlockEntry entry;
    std::vector<promql::Label> labels;
    for (std::uint64_t pairs = reader.count(); pairs > 0 && reader.good(); --pairs) {
      std::string_view name = words[reader.number(words.size() - 1)];
      labels.push_back({std::string(name), std::string(words[reader.number(words.size() - 1)])});
    }
    if (!reader.good()) break;
    entry.series = number_of(promql::Labels(std::move(labels)));
    entry.times = static_cast<std::uint32_t>(reader.number(columns_.size() - 1));
    entry.frame = static_cast<std::uint32_t>(reader.number(frames_.size() - 1));
    entry.offset = static_cast<std::uint32_t>(reader.number(frames_[entry.frame].unpacked));
    entry.count = static_cast<std::uint32_t>(columns_[entry.times].second);
    entries_.push_back(std::move(entry));
  }
  if (!reader.at_end() || offset != footer_.index_offset) return damaged("its index is torn");
  std::ranges::sort(entries_, {}, &BlockEntry::series);
  return {};
}

const BlockEntry* Block::find(std::uint32_t series) const {
  auto found = std::ranges::lower_bound(entries_, series, {}, &BlockEntry::series);
  return found != entries_.end() && found->series == series ? &*found : nullptr;
}

Result<std::string> Block::unpack(const Frame& frame, std::string_view packed) {
  if (packed.size() != frame.packed || crc32c(packed) != frame.checksum) {
    return damaged("a frame's checksum is wrong");
  }
  return unpack_text(packed, frame.unpacked);
}

Result<void> Block::read_entry(const BlockEntry& entry, std::string_view frame, std::int64_t from,
                               std::int64_t to, std::vector<promql::Sample>& out) const {
  std::string_view encoded = columns_[entry.times].first;
  auto times = TRY(take_times(encoded, entry.count));
  frame.remove_prefix(std::min<std::size_t>(entry.offset, frame.size()));
  auto values = TRY(take_values(frame, entry.count));
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::int64_t time = times[i] + footer_.from;
    if (time >= from && time <= to) out.push_back({time, values[i]});
  }
  return {};
}

Result<void> Block::read_entry(const BlockEntry& entry, std::string_view frame, std::int64_t from,
                               std::int64_t to, SketchSeries& out) const {
  std::string_view encoded = columns_[entry.times].first;
  auto times = TRY(take_times(encoded, entry.count));
  frame.remove_prefix(std::min<std::size_t>(entry.offset, frame.size()));
  std::vector<SketchPoint> points;
  for (std::int64_t time : times) points.push_back({time + footer_.from, {}});
  std::string base = TRY(take_sketches(frame, points));
  out.take(base, points, from, to);
  return {};
}

}  // namespace berth::observe
